"""Training: it learns, stops, and resumes bit for bit; and it calibrates."""

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from filelock import FileLock

from digitjax.config import SGD, Adam, Augment, CNNConfig, Config, Data, Training
from digitjax.errors import InputError
from digitjax.evaluation.evaluate import evaluate
from digitjax.model import calibration, checkpoint
from digitjax.model.calibrate import calibrate
from digitjax.model.training import train as training
from digitjax.model.training.checkpointing import to_parts
from digitjax.model.training.step import Trainer
from digitjax.model.training.train import Interrupted, train
from digitjax.runs import Run, checkpoints, integrity, last_validation, read_json, summarize_run, write_json

SMALL = Config(
    name="small",
    model=CNNConfig(channels=(4, 8), dense=(16,), dropout=0.5),
    augment=Augment(shift=1, rotation=10.0, noise=0.1),
    training=Training(
        epochs=3, batch_size=100, log_every=1, keep_weights_every=1, ema=0.9, candidates=2, clip_norm=1.0
    ),
)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(SMALL, tmp_path_factory.mktemp("runs"))


def copy_run(run: Run, folder: Path) -> Run:
    return Run(shutil.copytree(run.path, folder / run.path.name))


def arrays(run: Run) -> tuple[int, list[np.ndarray]]:
    """The newest state, weights and optimizer alike."""
    examples = len(training.pipeline.load(run.config.data).train)
    trainer = Trainer(run.config, steps=1, steps_per_call=1, examples=examples)
    state = trainer.abstract_state()
    step, parts = checkpoint.load(run.checkpoints, to_parts(state))
    return step, [np.asarray(leaf) for leaf in jax.tree.leaves(parts)]


def metrics(run: Run) -> list[dict[str, Any]]:
    """What was logged, without what depends on the clock."""
    return [
        {k: v for k, v in line.items() if k not in ("seconds", "images_per_second")} for line in run.metrics()
    ]


def assert_same(run: Run, other: Run) -> None:
    """Same losses, parameters, optimizer and evaluation outputs, bit for bit."""
    (step, ours), (other_step, theirs) = arrays(run), arrays(other)
    assert step == other_step
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)
    assert metrics(run) == metrics(other)
    assert last_validation.read(run) == last_validation.read(other)
    np.testing.assert_array_equal(evaluate(run, "validation").logits, evaluate(other, "validation").logits)


def test_the_logged_speed_is_that_of_the_epoch_so_far(uninterrupted: Run):
    start, epoch = 0.0, []
    for line in uninterrupted.metrics():
        epoch.append(line)
        if line["split"] == "validation":
            last = epoch[-2]
            assert last["images_per_second"] == pytest.approx(1300 / (last["seconds"] - start), rel=0.1)
            start, epoch = line["seconds"], []


def test_a_run_is_trained_by_one_process_at_a_time(uninterrupted: Run, tmp_path: Path):
    assert not list(uninterrupted.path.parent.glob(".*"))
    copy = copy_run(uninterrupted, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in copy.path.rglob("*")}
    with (
        FileLock(tmp_path / ".small.lock"),
        pytest.raises(InputError, match="small is being trained by another"),
    ):
        train(SMALL, tmp_path, resume=True)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items() if path != copy.path)
    train(SMALL, tmp_path, resume=True)


def test_a_run_in_training_is_not_overwritten(tmp_path: Path):
    refusals = []

    def overwrite(epoch: int, _: dict[str, float]) -> None:
        other = dataclasses.replace(SMALL, training=Training(epochs=1, batch_size=500))
        if epoch == 1:
            with pytest.raises(InputError) as caught:
                train(other, tmp_path, overwrite=True)
            refusals.append(str(caught.value))

    run = train(SMALL, tmp_path, on_epoch=overwrite)
    assert refusals == [f"{run.path} is being trained by another process: wait for it, or stop it"]
    assert read_json(run.path / "finished.json")["step"] == 39
    assert [line["step"] for line in run.metrics() if line["split"] == "validation"] == [13, 26, 39]
    assert list(tmp_path.iterdir()) == [run.path]


def test_a_run_folder_holds_everything(uninterrupted: Run):
    run = uninterrupted
    assert run.config == SMALL
    finished = read_json(run.path / "finished.json")
    assert finished.items() >= {"step": 39, "epoch": 3, "stopped_early": False}.items()
    assert (
        finished["run_id"] == run.environment["run_id"] == checkpoints.list_checkpoints(run.weights)[0].run_id
    )
    assert run.environment["packages"]["jax"] == jax.__version__
    assert len(run.environment["data_sha256"]) == 64
    assert [line["step"] for line in run.metrics() if line["split"] == "train"] == list(range(1, 40))
    assert [line["step"] for line in run.metrics() if line["split"] == "validation"] == [13, 26, 39]
    assert [c.step for c in checkpoints.list_checkpoints(run.weights)] == [13, 26, 39]
    first, last = run.metrics()[0], run.metrics()[-1]
    assert last["loss"] < first["loss"]
    assert set(first) >= {"epoch", "accuracy", "learning_rate", "images_per_second", "seconds"}


def test_the_same_seed_gives_the_same_run_and_another_seed_does_not(uninterrupted: Run, tmp_path: Path):
    again = train(SMALL, tmp_path)
    assert_same(again, uninterrupted)
    other = train(dataclasses.replace(SMALL, name="other", seed=1), tmp_path)
    assert metrics(other)[0]["loss"] != metrics(again)[0]["loss"]


@pytest.mark.parametrize(("number", "step"), [(signal.SIGINT, 8), (signal.SIGTERM, 13), (signal.SIGINT, 39)])
def test_a_signal_saves_first_and_resume_continues_bit_for_bit(
    uninterrupted: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, step: int
):
    class SignalledLog(training.MetricsLog):
        def train(self, epoch: int, before: int, count: int, metrics: Any) -> None:
            super().train(epoch, before, count, metrics)
            if before + count == step:
                os.kill(os.getpid(), number)

    with monkeypatch.context() as patched:
        patched.setattr(training, "MetricsLog", SignalledLog)
        with pytest.raises(Interrupted, match=f"stopped at step {step}"):
            train(SMALL, tmp_path)
    run = Run(tmp_path / "small")
    assert arrays(run)[0] == step
    assert not (run.path / "finished.json").exists()
    assert signal.getsignal(number) is not None
    train(SMALL, tmp_path, resume=True)
    assert_same(run, uninterrupted)
    assert [c.step for c in checkpoints.list_checkpoints(run.weights)] == [13, 26, 39]


def test_resume_skips_a_damaged_checkpoint_and_ends_the_same(uninterrupted: Run, tmp_path: Path):
    run = copy_run(uninterrupted, tmp_path)
    victim = max((run.checkpoints / "39").rglob("*"), key=lambda p: p.stat().st_size if p.is_file() else 0)
    victim.write_bytes(victim.read_bytes()[:-1] + b"!")
    with pytest.warns(UserWarning, match="damaged checkpoint"):
        train(SMALL, tmp_path, resume=True)
    assert_same(run, uninterrupted)


def test_a_whole_epoch_in_one_call_is_the_same_training(
    uninterrupted: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As on an accelerator, where nobody waits for Ctrl-C within the epoch."""
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    run = train(SMALL, tmp_path)
    monkeypatch.undo()
    assert_same(run, uninterrupted)


def test_part_of_an_epoch_can_be_trained(tmp_path: Path):
    config = dataclasses.replace(SMALL, training=Training(epochs=1.5, batch_size=100))
    run = train(config, tmp_path)
    assert read_json(run.path / "finished.json")["step"] == 20
    assert [line["step"] for line in run.metrics() if line["split"] == "validation"] == [13, 20]


def test_resume_of_a_finished_run_changes_nothing(uninterrupted: Run, tmp_path: Path):
    run = copy_run(uninterrupted, tmp_path)
    before = (run.path / calibration.FILE).stat().st_mtime_ns
    train(SMALL, tmp_path, resume=True)
    assert_same(run, uninterrupted)
    assert (run.path / calibration.FILE).stat().st_mtime_ns == before


def test_a_classifier_is_calibrated_with_its_best_weights(uninterrupted: Run, tmp_path: Path):
    run = copy_run(uninterrupted, tmp_path)
    content = read_json(run.path / calibration.FILE)
    assert content.items() >= dataclasses.asdict(calibrate(run)).items()
    assert content["step"] == checkpoints.candidates(run.checkpoints, "best")[0].step


@pytest.mark.parametrize("content", [None, "{", '{"temperature": 2.0, "step": 39}', '{"step": 13}'])
def test_resume_of_a_finished_run_calibrates_it_if_it_is_not(
    uninterrupted: Run, tmp_path: Path, content: str | None
):
    run = copy_run(uninterrupted, tmp_path)
    file = run.path / calibration.FILE
    file.unlink() if content is None else file.write_text(content)
    train(SMALL, tmp_path, resume=True)
    assert file.read_bytes() == (uninterrupted.path / calibration.FILE).read_bytes()


def test_a_run_is_not_overwritten_or_resumed_with_other_settings(uninterrupted: Run):
    folder = uninterrupted.path.parent
    with pytest.raises(InputError, match="exists: continue it with --resume"):
        train(SMALL, folder)
    changed = dataclasses.replace(SMALL, optimizer=Adam(lr=0.5))
    with pytest.raises(InputError, match=r"was started with optimizer.lr 0\.002, not 0\.5"):
        train(changed, folder, resume=True)


def test_resume_without_a_run_starts_one(tmp_path: Path):
    short = dataclasses.replace(SMALL, training=Training(epochs=1, batch_size=500))
    assert train(short, tmp_path, resume=True).metrics()


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    poisoned = 20

    def poisoned_indices(seed: int, epoch: int, *sizes: int) -> tuple[np.ndarray, np.ndarray]:
        indices, weights = original(seed, epoch, *sizes)
        if epoch == 1:
            weights[poisoned - 14] = np.inf
        return indices, weights

    original = training.pipeline.batch_indices
    monkeypatch.setattr(training.pipeline, "batch_indices", poisoned_indices)
    with pytest.raises(FloatingPointError, match=r"the loss at step 20 is nan: the last checkpoint is good"):
        train(SMALL, tmp_path)
    run = Run(tmp_path / "small")
    assert [c.step for c in checkpoints.list_checkpoints(run.checkpoints)] == [13]
    assert run.metrics()[-1]["step"] == 19
    assert "the loss at step 20 is nan" in summarize_run(run).problem
    monkeypatch.setattr(training.pipeline, "batch_indices", original)
    train(SMALL, tmp_path, resume=True)
    assert summarize_run(run).status == "finished"


@pytest.mark.slow
def test_weights_that_are_not_finite_are_never_saved(tmp_path: Path):
    diverging = dataclasses.replace(
        SMALL,
        model=CNNConfig(normalization="none"),
        optimizer=SGD(lr=10.0),
        training=Training(epochs=5, batch_size=1000),
    )
    with pytest.raises(FloatingPointError):
        train(diverging, tmp_path)
    run = Run(tmp_path / "small")
    assert all(np.isfinite(c.metrics["loss"]) for c in checkpoints.list_checkpoints(run.checkpoints))


def test_patience_stops_early(tmp_path: Path):
    config = dataclasses.replace(
        SMALL,
        model=CNNConfig(channels=(4,), normalization="none"),
        optimizer=Adam(lr=1e-12),
        training=Training(epochs=9, batch_size=1000, patience=2),
    )
    run = train(config, tmp_path)
    finished = read_json(run.path / "finished.json")
    assert finished["stopped_early"]
    accuracies = [line["accuracy"] for line in run.metrics() if line["split"] == "validation"]
    assert len(accuracies) == finished["epoch"] == int(np.argmax(accuracies)) + 3


def test_on_epoch_is_called_after_each_epoch_and_may_end_the_training(tmp_path: Path):
    calls = []

    def on_epoch(epoch: int, validation: dict[str, float]) -> None:
        calls.append((epoch, validation["accuracy"]))
        if epoch == 2:
            raise StopIteration

    with pytest.raises(StopIteration):
        train(SMALL, tmp_path, on_epoch=on_epoch)
    lines = [line for line in Run(tmp_path / "small").metrics() if line["split"] == "validation"]
    assert calls == [(line["epoch"], line["accuracy"]) for line in lines]
    assert len(calls) == 2
    assert arrays(Run(tmp_path / "small"))[0] == 26


def test_refit_trains_without_validation(tmp_path: Path):
    config = dataclasses.replace(SMALL, data=Data(refit=True), training=Training(epochs=1, batch_size=500))
    run = train(config, tmp_path)
    assert not (run.path / calibration.FILE).exists()
    assert all(line["split"] == "train" for line in run.metrics())
    assert evaluate(run, "test", "best").summary["examples"] == 360
    with pytest.raises(InputError, match="its validation split is empty"):
        evaluate(run, "validation")


def saves_under_way(run: Run) -> set[tuple[str, int]]:
    found = set()
    for path in run.checkpoints.glob("*.orbax-checkpoint-tmp"):
        with contextlib.suppress(FileNotFoundError):  # finished in the meantime
            found.add((path.name, path.stat().st_ino))
    return found


@pytest.mark.slow
@pytest.mark.long
def test_killed_at_random_moments_of_its_saves_a_run_ends_the_same(uninterrupted: Run, tmp_path: Path):
    """kill -9 at least ten times, each while a checkpoint is being written; then it may finish."""
    (tmp_path / "experiment.json").write_text((uninterrupted.path / "config.json").read_text())
    command = [sys.executable, "-m", "digitjax", "train", str(tmp_path / "experiment.json")]
    command += ["--runs", str(tmp_path), "--resume"]
    run, delays, kills = Run(tmp_path / "small"), np.random.default_rng(0), 0
    while kills < 10:
        left_over = saves_under_way(run)
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and not saves_under_way(run) - left_over:
            time.sleep(0.001)
        time.sleep(delays.uniform(0, 0.06))
        process.kill()
        assert process.stderr is not None
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        if process.returncode == 0:  # it outran the kill: take away its end
            for path in (run.checkpoints / "39", run.path / "finished.json"):
                subprocess.run(["rm", "-rf", str(path)], check=True)
    subprocess.run(command, check=True, stderr=subprocess.PIPE)
    assert_same(run, uninterrupted)
    assert json.loads((run.path / "finished.json").read_text())["step"] == 39


def test_a_run_is_not_resumed_with_other_data(tiny_run: Run, tmp_path: Path):
    copy = copy_run(tiny_run, tmp_path)
    write_json(copy.path / "environment.json", {**copy.environment, "data_sha256": "0" * 64})
    integrity.write_own(copy, copy.path / integrity.FINISHED, {"step": 21}, integrity.FINAL)
    with pytest.raises(InputError, match="was started with other data"):
        train(tiny_run.config, tmp_path, resume=True)
