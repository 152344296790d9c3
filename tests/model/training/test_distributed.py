"""Training on several devices and in several processes: the same training, and all processes end together."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from digitjax.cli import main
from digitjax.config import Augment, CNNConfig, Config, MLPConfig, Training, to_json
from digitjax.errors import InputError
from digitjax.model import checkpoint
from digitjax.model.training import distributed, sharding
from digitjax.model.training.checkpointing import to_parts
from digitjax.model.training.step import Trainer
from digitjax.model.training.train import train
from digitjax.runs import Run, checkpoints, read_json

SMALL = Config(
    name="small",
    model=CNNConfig(channels=(8, 16), dense=(16,), dropout=0.5),
    augment=Augment(noise=0.1),
    training=Training(epochs=4, batch_size=96, log_every=1),
)
LONG = Config(
    name="small",
    model=MLPConfig(dense=(16,), dropout=0.5),
    augment=Augment(noise=0.1),
    training=Training(epochs=20, batch_size=96, log_every=1, keep_weights_every=5, ema=0.9),
)
LOST = "digitjax: error: a process of this training was lost, so all end: start them again with --resume"


def environment(devices: int = 1) -> dict[str, str]:
    """Return the environment of a process with so many devices, which compiles in half the usual time."""
    flags = f"--xla_backend_optimization_level=0 --xla_force_host_platform_device_count={devices}"
    return {**os.environ, "XLA_FLAGS": flags}


def in_slurm(process: int, count: int) -> dict[str, str]:
    """Return the variables that Slurm sets for a process."""
    job = {"JOB_ID": os.getpid(), "STEP_NODELIST": "localhost", "STEP_NUM_NODES": 1, "NTASKS": count}
    return {f"SLURM_{k}": str(v) for k, v in {**job, "PROCID": process, "LOCALID": process}.items()}


@contextmanager
def started(count: int, *command: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Start the processes of one training; none outlives the `with` statement."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        coordinator = f"127.0.0.1:{free.getsockname()[1]}"
    arguments = ["--coordinator", coordinator, "--processes", str(count), "--process"]
    if command[0].endswith(".py"):
        arguments = [coordinator, str(count)]
    slurm = "--distributed" in command
    processes = [
        subprocess.Popen(
            [sys.executable, *command, *([] if slurm else [*arguments, str(i)])],
            stderr=subprocess.PIPE,
            text=True,
            env=environment() | (in_slurm(i, count) if slurm else {}),
        )
        for i in range(count)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def wait_for_end(
    processes: Sequence[subprocess.Popen[str]], seconds: float = 120
) -> list[tuple[int, list[str]]]:
    """Wait for processes; return the exit code of each and the lines that it printed as errors."""
    deadline = time.monotonic() + seconds
    printed = [process.communicate(timeout=deadline - time.monotonic())[1] for process in processes]
    return [(process.returncode, text.splitlines()) for process, text in zip(processes, printed, strict=True)]


def command(config: Config, folder: Path, *arguments: str) -> list[str]:
    experiment = folder / "experiment.json"
    experiment.write_text(to_json(config))
    return ["-m", "digitjax", "train", str(experiment), "--runs", str(folder), *arguments]


def train_by_two(config: Config, folder: Path, *arguments: str) -> Run:
    with started(2, *command(config, folder, *arguments)) as processes:
        assert [code for code, _ in wait_for_end(processes)] == [0, 0]
    return Run(folder / "small")


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(SMALL, tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def eight(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("eight")
    subprocess.run([sys.executable, *command(SMALL, folder)], check=True, env=environment(8), timeout=120)
    return Run(folder / "small")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train_by_two(SMALL, tmp_path_factory.mktemp("two"))


def metrics(run: Run) -> list[dict[str, Any]]:
    """What was logged, without what depends on the clock."""
    clock = ("seconds", "images_per_second")
    return [{k: v for k, v in line.items() if k not in clock} for line in run.metrics()]


def losses(run: Run) -> np.ndarray:
    return np.array([line["loss"] for line in run.metrics()])


def state(run: Run) -> list[np.ndarray]:
    """The newest state, weights, statistics and optimizer alike."""
    abstract = Trainer(run.config, 1, 1).abstract_state()
    _, parts = checkpoint.load(run.checkpoints, to_parts(abstract))
    return [np.asarray(leaf) for leaf in jax.tree.leaves(parts)]


def assert_close(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray], tolerance: float) -> None:
    print(f"largest difference: {max(abs(a - b).max() for a, b in zip(ours, theirs, strict=True)):.1e}")
    for one, other in zip(ours, theirs, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


# -------------------------------------------------------------------------------- the same training


@pytest.mark.long
def test_eight_devices_and_two_processes_train_as_one_device_does(one: Run, eight: Run, two: Run):
    """56 steps in float32, with Winograd's convolutions."""
    assert losses(one).shape == (56 + 4,)
    for run, hosts in ((eight, [8]), (two, [1, 1])):
        assert_close([*state(run), losses(run)], [*state(one), losses(one)], 1e-3)
        assert [len(process["devices"]) for process in run.environment["processes"]] == hosts
        end, end_of_one = (read_json(r.path / "finished.json") for r in (run, one))
        assert all(end[name] == end_of_one[name] for name in ("step", "epoch", "stopped_early"))
        assert (run.path / "calibration.json").exists()


@pytest.mark.long
def test_in_float64_only_rounding_is_left(tmp_path: Path):
    """Other statistics, dropout or augmentation would make larger differences."""
    script = str(Path(__file__).with_name("float64_steps.py"))
    for name, devices in (("one", 1), ("eight", 8)):
        file = str(tmp_path / name)
        subprocess.run([sys.executable, script, file], check=True, env=environment(devices), timeout=120)
    with started(2, script, str(tmp_path / "two")) as processes:
        assert [code for code, _ in wait_for_end(processes)] == [0, 0]
    one, eight, two = (list(np.load(tmp_path / f"{n}.npz").values()) for n in ("one", "eight", "two"))
    assert one[0].shape == (50,)
    assert {array.dtype for array in one} == {np.dtype(np.float64), np.dtype(np.int32)}
    assert_close(eight, one, 1e-9)
    assert_close(two, one, 1e-9)


@pytest.mark.long
def test_a_checkpoint_moves_from_eight_devices_to_one_to_two_processes(eight: Run, tmp_path: Path):
    run = Run(tmp_path / "small")
    shutil.copytree(eight.path, run.path)
    last = sum(
        line["step"] <= 42 for line in run.metrics()
    )  # lines up to the checkpoint that all three resume

    def delete_the_last_epoch() -> None:
        shutil.rmtree(run.checkpoints / "56")
        (run.path / "finished.json").unlink()

    delete_the_last_epoch()
    train(SMALL, tmp_path, resume=True)
    by_one = [*state(run), losses(run)]
    delete_the_last_epoch()
    train_by_two(SMALL, tmp_path, "--resume")
    by_two = [*state(run), losses(run)]
    assert metrics(run)[:last] == metrics(eight)[:last]
    assert_close(by_one, [*state(eight), losses(eight)], 1e-3)
    assert_close(by_two, [*state(eight), losses(eight)], 1e-3)


# ------------------------------------------------------------------------------ all end together


def wait_for_checkpoint(run: Run, after: int) -> int:
    """Return the step of the first new checkpoint."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        steps = [c.step for c in checkpoints.list_checkpoints(run.checkpoints)]
        if steps and steps[-1] > after:
            return steps[-1]
        time.sleep(0.01)
    raise TimeoutError("no checkpoint")


@pytest.mark.long
def test_if_one_process_ends_all_end_and_the_run_resumes_bit_for_bit(tmp_path: Path):
    (tmp_path / "whole").mkdir()
    whole = train_by_two(LONG, tmp_path / "whole")
    run, step = Run(tmp_path / "small"), 0
    for victim in (1, 0):
        with started(2, *command(LONG, tmp_path, "--resume")) as processes:
            step = wait_for_checkpoint(run, step)
            processes[victim].kill()
            [(code, lines)] = wait_for_end([processes[1 - victim]], seconds=60)
        assert code not in (0, 2)
        assert lines[-1].startswith(LOST)
    with started(2, *command(LONG, tmp_path, "--resume")) as processes:
        wait_for_checkpoint(run, step)
        processes[1].send_signal(signal.SIGTERM)
        (code, lines), (other_code, other_lines) = wait_for_end(processes, seconds=60)
    assert code == other_code == 128 + signal.SIGTERM
    stopped = checkpoints.list_checkpoints(run.checkpoints)[-1].step
    assert lines[-1].endswith(f"stopped at step {stopped}, which is saved: continue it with --resume")
    assert not any("digitjax" in line for line in other_lines)
    assert not (run.path / "finished.json").exists()
    train_by_two(LONG, tmp_path, "--resume")
    assert metrics(run) == metrics(whole)
    for ours, theirs in zip(state(run), state(whole), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
def test_an_error_of_one_process_is_raised_by_all(tmp_path: Path):
    (tmp_path / "small").mkdir()
    with started(2, *command(SMALL, tmp_path)) as processes:
        (code, lines), (other_code, other_lines) = wait_for_end(processes)
    assert code == other_code == 2
    assert f"error: {tmp_path}/small exists: continue it with --resume" in lines[-1]
    assert f"error: process 0: {tmp_path}/small exists" in other_lines[-1]


@pytest.mark.slow
def test_processes_with_different_configs_refuse_to_train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    original = subprocess.Popen

    def popen_with_another_seed(arguments: list[str], **options: Any) -> subprocess.Popen[str]:
        return original([*arguments, "--seed", arguments[-1]], **options)

    monkeypatch.setattr(subprocess, "Popen", popen_with_another_seed)
    with started(2, *command(SMALL, tmp_path)) as processes:
        for code, lines in wait_for_end(processes):
            assert code == 2
            assert lines[-1] == (
                "digitjax: error: process 1 has another config than process 0: start all of them alike"
            )
    assert not (tmp_path / "small").exists()


@pytest.mark.slow
def test_a_group_of_seeds_is_trained_by_two_processes_that_slurm_started(tmp_path: Path):
    arguments = ["--training.epochs", "1", "--seeds", "2", "--distributed"]
    with started(2, *command(LONG, tmp_path, *arguments)) as processes:
        assert [code for code, _ in wait_for_end(processes)] == [0, 0]
    content = json.loads((tmp_path / "small/group.json").read_text())
    assert content["seeds"] == [0, 1]
    assert content["validation_accuracy"]["mean"] > 0


# ----------------------------------------------------------------------------------- one process


def test_with_one_process_collective_operations_are_the_identity():
    tree = {"a": jnp.array([-0.0, 1.0])}
    assert distributed.is_writer()
    assert distributed.gather({"x": 1}) == [{"x": 1}]
    assert distributed.all_reduce_max(3) == 3
    assert distributed.broadcast(tree) is sharding.split(tree) is tree
    np.testing.assert_array_equal(sharding.replicate(tree)["a"], tree["a"])
    assert sharding.replicate(tree)["a"].committed  # to the device, as what is restored is
    assert sharding.local(tree) is tree
    assert sharding.replicated() is None
    [process] = distributed.describe()
    assert process["devices"] == ["cpu"]
    with pytest.raises(InputError, match="mine"), distributed.propagate_errors():
        raise InputError("mine")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            ["--coordinator", "here:1"],
            "give all of --coordinator, --processes and --process, or --distributed",
        ),
        (["--process", "0"], "give all of --coordinator"),
        (
            ["--coordinator", "here", "--processes", "2", "--process", "0"],
            "--coordinator is 'here': give host",
        ),
        (["--coordinator", "here:1", "--processes", "2", "--process", "2"], "another number, 0 to 1"),
        (["--distributed", "--processes", "2"], "give all of --coordinator"),
    ],
)
def test_invalid_arguments_of_the_processes_are_refused(
    arguments: list[str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit, match="2"):
        main(["train", "digits", "--runs", str(tmp_path), *arguments])
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_batch_size_that_the_devices_do_not_divide_is_refused(tmp_path: Path):
    arguments = command(SMALL, tmp_path, "--training.batch-size", "100")
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment(8), timeout=60
    )
    assert done.returncode == 2
    assert "error: training.batch_size is 100: give a multiple of the 8 devices" in done.stderr
    assert not (tmp_path / "small").exists()


def test_distributed_without_a_cluster_is_refused(tmp_path: Path):
    unset = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM", "OMPI", "JAX_", "KUBERNETES"))}
    done = subprocess.run(
        [sys.executable, *command(SMALL, tmp_path, "--distributed")],
        capture_output=True,
        text=True,
        env=unset,
        timeout=60,
    )
    assert done.returncode == 2
    assert "error: --distributed: no cluster is detected" in done.stderr.splitlines()[-1]
