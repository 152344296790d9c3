"""Sweeps: trials are runs compared by validation accuracy; a trial that fails or stops affects no other."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digitjax import experiments, runs
from digitjax.config import Choice, Config, Data, Float, MLPConfig, Sweep, Training, to_json
from digitjax.data import pipeline
from digitjax.errors import InputError
from digitjax.model.sweeps import results
from digitjax.model.sweeps import sweep as sweeps
from digitjax.model.training.train import Interrupted
from digitjax.runs import Run, read_json
from digitjax.runs.summary import summarize_run

MODULE = """
from digitjax.config import MLPConfig, Choice, Config, Float, Sweep, Training

sweep = Sweep(
    name="s",
    base=Config(model=MLPConfig(dense=(8,)), training=Training(epochs=EPOCHS, batch_size=400)),
    space={"optimizer.lr": Float(1e-3, 1e-1, log=True), "model.dense": Choice([(8,), (16,)])},
    trials=TRIALS,
)
"""


def make_sweep(folder: Path, trials: int, epochs: int = 1) -> Path:
    path = folder / "module.py"
    path.write_text(MODULE.replace("TRIALS", str(trials)).replace("EPOCHS", str(epochs)))
    return path


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> tuple[Path, dict[str, Any]]:
    """The folder and the result of two trials that were trained. Read them only."""
    folder = tmp_path_factory.mktemp("swept")
    return folder, sweeps.run(experiments.load_sweep(str(make_sweep(folder, 2, 2))), folder)


def test_trials_are_runs_and_calibrated(swept: tuple[Path, dict[str, Any]]):
    folder, result = swept
    assert {row["state"] for row in result["trials"]} == {"complete"}
    for row in result["trials"]:
        run = runs.find_run(f"s/{row['trial']}", folder)
        accuracies = [line["accuracy"] for line in run.metrics() if line["split"] == "validation"]
        assert len(accuracies) == 2
        assert row["accuracy"] == max(accuracies)
        assert row["params"]["optimizer.lr"] == run.config.optimizer.lr
        assert row["params"]["model.dense"] == str(run.config.model.dense)
        assert summarize_run(run).problem == ""
        assert not run.evaluations()
        assert (run.path / "calibration.json").exists()
    assert sorted(r.name for r in runs.list_runs(folder / "s")) == ["trial-0000", "trial-0001"]
    assert read_json(folder / "s/sweep.json")["space"].keys() == result["trials"][0]["params"].keys()


def test_the_best_trial_becomes_an_experiment(swept: tuple[Path, dict[str, Any]]):
    folder, result = swept
    best = experiments.load(result["best"])
    accuracies = [row["accuracy"] for row in result["trials"]]
    assert accuracies == sorted(accuracies, reverse=True)
    run = Run(folder / "s" / result["trials"][0]["trial"])
    assert best == dataclasses.replace(run.config, name="s-best")
    json.dumps(result)


def test_the_results_are_read_without_writing(swept: tuple[Path, dict[str, Any]]):
    folder, result = swept
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    read = results.read(folder / "s")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")}.keys() == before.keys()
    assert read.pop("space") == read_json(folder / "s/sweep.json")["space"]
    assert read == {name: value for name, value in result.items() if name != "best"}
    assert results.list_sweeps(folder) == [folder / "s"]


@pytest.mark.parametrize("content", ["{}", '{"name": "s", "space": {}}', "5"])
def test_a_sweep_that_cannot_be_read_is_named(tmp_path: Path, content: str):
    (tmp_path / "sweep.json").write_text(content)
    with pytest.raises(InputError, match=r"sweep\.json|journal\.log"):
        results.read(tmp_path)


def test_a_finished_sweep_trains_nothing(swept: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch):
    folder, result = swept
    monkeypatch.setattr(sweeps, "train", None)
    assert sweeps.run(experiments.load_sweep(str(folder / "module.py")), folder) == result
    lines = results.format_result(result).splitlines()
    assert lines[0].split() == ["trial", "state", "accuracy", "seconds", "optimizer.lr", "model.dense"]
    assert lines[1].startswith(result["trials"][0]["trial"])
    assert lines[-1] == f"train the best: digitjax train {result['best']}"


# ------------------------------------------------------------------------- with a fake training

Hook = Callable[[int, dict[str, float]], None]
SWEEP = Sweep(
    name="s",
    base=Config(model=MLPConfig(), training=Training(epochs=3)),
    space={"model.dropout": Float(0.0, 0.5)},
    trials=8,
)


def fake_training(accuracy: Callable[[int, int], float]) -> Any:
    """A training whose validation accuracy is a function of the number of the trial and of the epoch."""

    def train(config: Config, folder: Path, *, resume: bool, overwrite: bool, on_epoch: Hook) -> Run:
        assert resume != overwrite
        run = Run(folder / config.name)
        if not resume:
            runs.create_run(config, folder, overwrite=overwrite)
        number = int(config.name.removeprefix("trial-"))
        for epoch in range(1, int(config.training.epochs) + 1):
            value = accuracy(number, epoch)
            line = {"step": epoch, "epoch": epoch, "split": "validation", "accuracy": value, "seconds": 0}
            with run.metrics_file.open("a") as file:
                file.write(json.dumps(line) + "\n")
            on_epoch(epoch, {"accuracy": value})
        return run

    return train


def states(result: dict[str, Any]) -> dict[str, str]:
    return {row["trial"]: row["state"] for row in result["trials"]}


def test_a_trial_below_the_median_is_pruned_unless_it_is_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def accuracy(number: int, epoch: int) -> float:
        late = 0.9 if epoch == 3 and number < 6 else 0.8
        return 0.1 if number == 6 else late

    monkeypatch.setattr(sweeps, "train", fake_training(accuracy))
    result = sweeps.run(SWEEP, tmp_path)
    assert states(result)["trial-0006"] == "pruned"
    assert [row["trial"] for row in result["trials"]][-2:] == ["trial-0007", "trial-0006"]
    assert [row["accuracy"] for row in result["trials"]] == [0.9] * 6 + [0.8, 0.1]
    assert list(states(result).values()).count("complete") == 7
    assert (
        "trial-0006  pruned: below the median accuracy of the trials before after epoch 1"
        in capsys.readouterr().err
    )


def test_nothing_is_pruned_without_prune_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sweeps, "train", fake_training(lambda number, epoch: 1 / (number + 1)))
    result = sweeps.run(dataclasses.replace(SWEEP, prune_after=None), tmp_path)
    assert set(states(result).values()) == {"complete"}


def test_a_trial_that_fails_is_recorded_and_the_sweep_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def accuracy(number: int, epoch: int) -> float:
        if number == 1:
            raise FloatingPointError("the loss at step 3 is nan")
        return 0.5

    monkeypatch.setattr(sweeps, "train", fake_training(accuracy))
    result = sweeps.run(dataclasses.replace(SWEEP, trials=3), tmp_path)
    assert states(result) == {"trial-0000": "complete", "trial-0002": "complete", "trial-0001": "failed"}
    assert result["trials"][-1]["reason"] == "the loss at step 3 is nan"
    assert results.format_result(result).count("the loss at step 3 is nan") == 1


def test_values_that_are_invalid_together_are_recorded_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sweeps, "train", fake_training(lambda number, epoch: 0.5))
    clash = dataclasses.replace(
        SWEEP,
        space={"model": Choice([MLPConfig(), MLPConfig(dropout=0.1)]), "model.dropout": Float(0.0, 0.5)},
        trials=2,
    )
    monkeypatch.setattr(Sweep, "config", lambda *_: (_ for _ in ()).throw(InputError("they clash")))
    result = sweeps.run(clash, tmp_path)
    assert [(row["state"], row["reason"]) for row in result["trials"]] == [("failed", "they clash")] * 2
    assert result["best"] is None
    assert not (tmp_path / "s/best.json").exists()


def test_a_stopped_trial_is_resumed_in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def accuracy(number: int, epoch: int) -> float:
        if (number, epoch) == (1, 2):
            raise Interrupted(Run(tmp_path), 2, signal.SIGINT)
        return 0.5

    few = dataclasses.replace(SWEEP, trials=2)
    monkeypatch.setattr(sweeps, "train", fake_training(accuracy))
    with pytest.raises(Interrupted):
        sweeps.run(few, tmp_path)
    stopped = Run(tmp_path / "s/trial-0001")
    assert len(stopped.metrics()) == 1
    monkeypatch.setattr(sweeps, "train", fake_training(lambda number, epoch: 0.6))
    result = sweeps.run(few, tmp_path)
    assert states(result) == {"trial-0001": "complete", "trial-0000": "complete"}
    assert len(stopped.metrics()) == 4


def test_a_sweep_with_the_name_of_a_run_is_refused(tmp_path: Path):
    runs.create_run(Config(name="s"), tmp_path)
    with pytest.raises(InputError, match="s is a run: give the sweep another name"):
        sweeps.run(SWEEP, tmp_path)


def test_without_data_no_folder_is_created(tmp_path: Path):
    missing = dataclasses.replace(SWEEP, base=Config(data=Data(name="mnist", manual_dir="nowhere")))
    with pytest.raises(InputError, match="no folder nowhere"):
        sweeps.run(missing, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_refused_sweep_does_not_change_the_first_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sweeps, "train", fake_training(lambda number, epoch: 0.5))
    sweeps.run(dataclasses.replace(SWEEP, trials=1), tmp_path)
    before = (tmp_path / "s/sweep.json").read_text()
    with pytest.raises(InputError, match=r"another space\.model\.dropout"):
        sweeps.run(dataclasses.replace(SWEEP, space={"model.dropout": Float(0.0, 0.9)}), tmp_path)
    assert (tmp_path / "s/sweep.json").read_text() == before


# ------------------------------------------------------------------------------ in other processes


def start(module: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "digitjax", "sweep", str(module), "--runs", str(module.parent), "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(process: subprocess.Popen[str], text: str) -> str:
    assert process.stderr is not None
    return next(line for line in process.stderr if text in line)


@pytest.mark.slow
def test_two_workers_of_which_one_is_killed_finish_each_trial_once(tmp_path: Path):
    pipeline.load(Data())
    module = make_sweep(tmp_path, 5, 3)
    one, other = start(module), start(module)
    name = wait_for(one, "optimizer.lr").split()[0]
    wait_for(one, "epoch 1  ")
    one.kill()
    one.communicate()
    out, error = other.communicate(timeout=300)
    assert other.returncode == 0, error
    result = json.loads(out)
    assert len(result["trials"]) == 5
    assert set(states(result).values()) <= {"complete", "pruned"}
    assert name in states(result)
    assert len(list((tmp_path / "s").glob("trial-*"))) == 5
    for row in result["trials"]:
        steps = [
            line["step"]
            for line in Run(tmp_path / "s" / row["trial"]).metrics()
            if line["split"] == "validation"
        ]
        assert len(steps) == len(set(steps)) > 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_worker_and_the_next_worker_resumes_the_trial(
    tmp_path: Path, number: signal.Signals
):
    worker = start(make_sweep(tmp_path, 1, 2000))
    wait_for(worker, "epoch 2  ")
    os.kill(worker.pid, number)
    _, error = worker.communicate(timeout=60)
    assert worker.returncode == 128 + number
    assert error.splitlines()[-1].endswith(
        "trial-0000: saved: run the same command again to resume the sweep"
    )
    run = Run(tmp_path / "s/trial-0000")
    step = run.metrics()[-1]["step"]
    worker = start(tmp_path / "module.py")
    wait_for(worker, "trial-0000  optimizer.lr")
    wait_for(worker, "epoch ")
    worker.kill()
    worker.communicate()
    assert run.metrics()[-1]["step"] > step
    assert [path.name for path in (tmp_path / "s").glob("trial-*")] == ["trial-0000"]


@pytest.mark.slow
def test_the_best_experiment_can_be_trained(swept: tuple[Path, dict[str, Any]], tmp_path: Path):
    _, result = swept
    command = [sys.executable, "-m", "digitjax", "train", result["best"], "--runs", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    assert to_json(Run(tmp_path / "s-best").config) == Path(result["best"]).read_text()
