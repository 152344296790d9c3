"""What a training has logged: read whole, read on, refused; and how far it is."""

import json
import math
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from digitjax.config import Config, Training
from digitjax.errors import InputError
from digitjax.runs import Run, create, log_reader, write_json
from digitjax.runs.log_reader import EMPTY, SPLITS


def line(step: int, split: str = "train", **values: float) -> str:
    row = {"step": step, "epoch": 1 + (step - 1) // 10, "split": split, "seconds": step / 2, **values}
    return json.dumps(row) + "\n"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of 3 epochs of 10 steps that has logged nothing yet."""
    return create(Config(name="run", training=Training(epochs=3)), tmp_path)


def test_the_log_of_a_training_holds_what_its_lines_say(tiny_run: Run):
    log, rows = log_reader.read(tiny_run), tiny_run.metrics()
    assert log.size == tiny_run.metrics_file.stat().st_size
    for split in SPLITS:
        of_split = [row for row in rows if row["split"] == split]
        assert of_split
        for name in ("step", "seconds", "loss", "accuracy"):
            assert log.column(split, name).tolist() == [row[name] for row in of_split]
        assert np.isnan(log.column(split, "error")).all()
    assert np.isnan(log.column("validation", "learning_rate")).all()
    assert log.column("validation", "epoch").tolist() == [1.0]
    assert log.newest == (rows[-1]["step"], rows[-1]["seconds"])


def test_a_log_that_grows_is_read_on(run: Run, monkeypatch: pytest.MonkeyPatch):
    assert log_reader.read(run) is EMPTY
    run.metrics_file.write_text(line(1, loss=2.0) + line(2, loss=1.0) + line(3)[:9])
    first = log_reader.read(run)
    assert first.column("train", "loss").tolist() == [2.0, 1.0]
    run.metrics_file.write_text(line(1, loss=2.0) + line(2, loss=1.0) + line(10, "validation", loss=0.5))
    parsed = []
    parse = log_reader._parse
    monkeypatch.setattr(
        log_reader, "_parse", lambda run, lines: parsed.append(bytes(lines)) or parse(run, lines)
    )
    second = log_reader.read(run, first)
    assert parsed == [line(10, "validation", loss=0.5).encode()]
    assert log_reader.read(run, second).column("validation", "loss").tolist() == [0.5]
    assert parsed[1:] == [b""]
    assert second.column("train", "loss").tolist() == [2.0, 1.0]


def test_a_log_that_was_begun_anew_is_read_anew(run: Run):
    run.metrics_file.write_text(line(1, loss=2.0) + line(2, loss=1.0))
    before = log_reader.read(run, log_reader.read(run))
    run.metrics_file.write_text(line(1, loss=8.0) + line(2, loss=4.0) + line(3, loss=3.0))
    assert log_reader.read(run, before).column("train", "loss").tolist() == [8.0, 4.0, 3.0]
    run.metrics_file.write_text(line(1, loss=2.0))
    assert log_reader.read(run, before).column("train", "loss").tolist() == [2.0]
    run.metrics_file.unlink()
    assert log_reader.read(run, before) is EMPTY


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
def test_damage_is_named(run: Run, damage: bytes):
    run.metrics_file.write_bytes(line(1).encode() + damage)
    with pytest.raises(InputError, match=r"metrics\.jsonl: a line (is|lacks)"):
        log_reader.read(run)


def test_a_loss_may_be_infinite(run: Run):
    run.metrics_file.write_text(line(1, loss=math.nan) + line(2, loss=math.inf))
    assert log_reader.read(run).column("train", "loss").tolist()[1] == math.inf


def test_progress_is_known_before_the_first_epoch_is_over(run: Run):
    assert log_reader.progress(run, EMPTY) == log_reader.Progress(0, 0, 1, 3.0, None)
    write_json(run.path / "environment.json", {"steps_per_epoch": 10})
    run.metrics_file.write_text(line(2) + line(4))
    log = log_reader.read(run)
    assert log_reader.progress(run, log) == log_reader.Progress(4, 30, 1, 3.0, 13.0)
    assert log.column("train", "epoch").tolist() == [0.2, 0.4]
    run.metrics_file.write_text(line(2) + line(10) + line(10, "validation"))
    assert log_reader.progress(run, log_reader.read(run, log)).epoch == 1
    run.metrics_file.write_text(line(2) + line(11))
    assert log_reader.progress(run, log_reader.read(run, log)).epoch == 2


def test_an_older_run_tells_by_its_log_how_long_an_epoch_is(run: Run):
    run.metrics_file.write_text(line(4) + line(10, "validation") + line(14))
    log = log_reader.read(run)
    assert log.steps_per_epoch == 10
    assert log_reader.progress(run, log).share == 14 / 30


def test_a_training_says_how_long_an_epoch_is(tiny_run: Run):
    assert tiny_run.environment["steps_per_epoch"] == 21
    progress = log_reader.progress(tiny_run, log_reader.read(tiny_run))
    assert (progress.step, progress.steps, progress.share, progress.seconds_left) == (21, 21, 1.0, 0.0)


def test_only_what_is_written_to_and_not_finished_is_in_training(run: Run, tiny_run: Run, tmp_path: Path):
    assert log_reader.is_training(run)
    long_ago = time.time() - 1000
    os.utime(run.path / "config.json", (long_ago, long_ago))
    assert not log_reader.is_training(run)
    run.metrics_file.write_text(line(1))
    assert log_reader.is_training(run)
    write_json(run.path / "finished.json", {})
    assert not log_reader.is_training(run)
    assert not log_reader.is_training(replace(tiny_run, path=tmp_path / "nowhere"))
