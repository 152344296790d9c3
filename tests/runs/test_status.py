"""A run is in training, finished, stopped, or failed with a reason."""

from pathlib import Path

import pytest

from digitjax import runs
from digitjax.config import Config
from digitjax.errors import InputError
from digitjax.runs import Run, annotations, status, summarize
from digitjax.runs.folders import training_lock


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run that was never trained."""
    return runs.create_run(Config(name="run"), tmp_path)


def test_a_training_is_no_problem_and_an_obstacle(run: Run):
    with training_lock(run.path):
        summary = runs.summarize_run(run)
    assert (summary.status, summary.problem) == ("training", "")
    assert "still in training" in summary.obstacle
    summary = runs.summarize_run(run)
    assert (summary.status, summary.problem) == ("stopped", "not finished: continue it with --resume")
    runs.write_json(run.path / "finished.json", {})
    assert status.find_status(run) == ("finished", "")


def test_the_lock_of_a_killed_process_is_none(run: Run):
    lock = run.path.with_name(".run.lock")
    lock.touch()
    assert not status.is_training(run)
    assert not lock.exists()


def test_a_failed_training_tells_its_reason(run: Run):
    status.write_failure(run, FloatingPointError("the loss at step 9 is nan:\n lower it"))
    summary = runs.summarize_run(run)
    assert summary.status == "failed"
    assert summary.problem == ("failed: the loss at step 9 is nan: lower it: continue it with --resume")


def test_a_job_whose_process_is_gone_has_failed_with_its_last_line(run: Run):
    runs.write_json(run.path / "process.json", {"pid": 2**22 - 1, "started": 1.0, "stop_asked": False})
    assert status.find_status(run) == ("failed", "its process ended without a message")
    (run.path / "training.log").write_text("epoch 1\ndigitjax: error: disk full\n")
    assert status.find_status(run) == ("failed", "digitjax: error: disk full")
    runs.write_json(run.path / "process.json", {"pid": 2**22 - 1, "started": 1.0, "stop_asked": True})
    assert status.find_status(run) == ("stopped", "")


def test_a_group_is_in_training_until_its_last_seed_is(tmp_path: Path):
    group = runs.create_group("group", [0, 1], tmp_path)
    member = runs.create_run(Config(name="seed-0"), group.path)
    with training_lock(group.path):
        summary = summarize(group)
        assert (summary.status, summary.problem) == ("training", "")
    assert summarize(group).status == "stopped"
    assert "seed-1: missing" in summarize(group).problem
    status.write_failure(member, RuntimeError("no memory"))
    assert summarize(group).status == "failed"


def test_annotations_are_kept_in_the_folder(run: Run):
    assert annotations.read(run.path) == annotations.Annotations()
    noted = annotations.create([" baseline "], "keep it")
    annotations.write(run.path, noted)
    assert annotations.read(run.path) == noted
    summary = runs.summarize_run(run)
    assert (summary.tags, summary.note) == (("baseline",), "keep it")
    annotations.write(run.path, annotations.create([]))
    assert not (run.path / "annotations.json").exists()
    (run.path / "annotations.json").write_text("[")
    assert "annotations.json" in runs.summarize_run(run).problem
    with pytest.raises(InputError, match="cannot be saved in this folder"):
        annotations.write(run.path / "gone", noted)
