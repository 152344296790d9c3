"""A log is read whole or incrementally, damage is reported, and progress is derived from it."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from digitjax.config import Config, Training
from digitjax.runs import Run, create_run, log_reader, write_json
from digitjax.runs.log_reader import EMPTY_LOG, SPLITS


def line(step: int, split: str = "train", **values: float) -> str:
    row = {"step": step, "epoch": 1 + (step - 1) // 10, "split": split, "seconds": step / 2, **values}
    return json.dumps(row) + "\n"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of 3 epochs of 10 steps that has logged nothing yet."""
    return create_run(Config(name="run", training=Training(epochs=3)), tmp_path)


def test_the_log_holds_the_logged_values(tiny_run: Run):
    log, rows = log_reader.read(tiny_run), tiny_run.metrics()
    assert log.bytes_read == tiny_run.metrics_file.stat().st_size
    for split in SPLITS:
        split_rows = [row for row in rows if row["split"] == split]
        assert split_rows
        for name in ("step", "seconds", "loss", "accuracy"):
            assert log.column(split, name).tolist() == [row[name] for row in split_rows]
        assert np.isnan(log.column(split, "error")).all()
    assert np.isnan(log.column("validation", "learning_rate")).all()
    assert log.column("validation", "epoch").tolist() == [1.0]
    assert log.latest == (rows[-1]["step"], rows[-1]["seconds"])


def test_only_added_lines_are_read(run: Run):
    assert log_reader.read(run) is EMPTY_LOG
    run.metrics_file.write_text(line(1, loss=2.0) + line(2, loss=1.0) + line(3)[:9])
    first = log_reader.read(run)
    assert first.column("train", "loss").tolist() == [2.0, 1.0]
    # Another value in the first line, of the same length, would show if that line were read again.
    run.metrics_file.write_text(line(1, loss=9.0) + line(2, loss=1.0) + line(10, "validation", loss=0.5))
    second = log_reader.read(run, first)
    assert second.column("train", "loss").tolist() == [2.0, 1.0]
    assert second.column("validation", "loss").tolist() == [0.5]
    third = log_reader.read(run, second)
    assert third.column("train", "loss").tolist() == [2.0, 1.0]
    assert third.column("validation", "loss").tolist() == [0.5]


def test_a_restarted_log_is_read_from_the_start(run: Run):
    run.metrics_file.write_text(line(1, loss=2.0) + line(2, loss=1.0))
    previous = log_reader.read(run, log_reader.read(run))
    run.metrics_file.write_text(line(1, loss=8.0) + line(2, loss=4.0) + line(3, loss=3.0))
    assert log_reader.read(run, previous).column("train", "loss").tolist() == [8.0, 4.0, 3.0]
    run.metrics_file.write_text(line(1, loss=2.0))
    assert log_reader.read(run, previous).column("train", "loss").tolist() == [2.0]
    run.metrics_file.unlink()
    assert log_reader.read(run, previous) is EMPTY_LOG


@pytest.mark.parametrize(
    "damage",
    [
        b"garbage\n",
        b"\x00\xff\n",
        b"[1]\n",
        b"7\n",
        b"{}\n",
        b'{"step": 1, "split": "train"}\n',
        b'{"step": 0, "epoch": 1, "split": "train", "seconds": 1}\n',
        b'{"step": "one", "epoch": 1, "split": "train", "seconds": 1}\n',
        b'{"step": 1, "epoch": 1, "split": "train", "seconds": 1, "loss": [1]}\n',
        b'{"step": 1' + b"0" * 400 + b', "epoch": 1, "split": "train", "seconds": 1}\n',
        b'{"step": 1, "epoch": 1, "split": "train", "seconds": NaN}\n',
    ],
)
def test_a_damaged_line_is_left_out(run: Run, damage: bytes):
    first, last = line(1).encode(), line(2).encode()
    run.metrics_file.write_bytes(first + damage + last)
    log = log_reader.read(run)
    assert log.damaged_lines == (2,)
    assert log.column("train", "step").tolist() == [1, 2]
    with run.metrics_file.open("ab") as file:
        file.write(damage + line(3).encode())
    log = log_reader.read(run, log)
    assert log.damaged_lines == (2, 4)
    assert log.column("train", "step").tolist() == [1, 2, 3]


def test_a_loss_may_be_infinite(run: Run):
    run.metrics_file.write_text(line(1, loss=math.nan) + line(2, loss=math.inf))
    assert log_reader.read(run).column("train", "loss").tolist()[1] == math.inf


def test_progress_is_known_during_the_first_epoch(run: Run):
    assert log_reader.progress(run, EMPTY_LOG) == log_reader.Progress(0, 0, 1, 3.0, None)
    write_json(run.path / "environment.json", {"steps_per_epoch": 10})
    run.metrics_file.write_text(line(2) + line(4))
    log = log_reader.read(run)
    assert log_reader.progress(run, log) == log_reader.Progress(4, 30, 1, 3.0, 13.0)
    assert log.column("train", "epoch").tolist() == [0.2, 0.4]
    run.metrics_file.write_text(line(2) + line(10) + line(10, "validation"))
    assert log_reader.progress(run, log_reader.read(run, log)).epoch == 1
    run.metrics_file.write_text(line(2) + line(11))
    assert log_reader.progress(run, log_reader.read(run, log)).epoch == 2


def test_steps_per_epoch_of_older_runs_are_derived_from_the_log(run: Run):
    run.metrics_file.write_text(line(4) + line(10, "validation") + line(14))
    log = log_reader.read(run)
    assert log.steps_per_epoch == 10
    assert log_reader.progress(run, log).share == 14 / 30


def test_a_training_records_its_steps_per_epoch(tiny_run: Run):
    assert tiny_run.environment["steps_per_epoch"] == 21
    progress = log_reader.progress(tiny_run, log_reader.read(tiny_run))
    assert (progress.step, progress.steps, progress.share, progress.seconds_left) == (21, 21, 1.0, 0.0)
