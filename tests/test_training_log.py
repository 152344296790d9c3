"""What a training has logged: read whole, read on, refused; and how far it is."""

import json
import math
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from digitjax import training_log
from digitjax.config import Config, Training
from digitjax.errors import InputError
from digitjax.runs import Run, create, write_json
from digitjax.training_log import EMPTY, SPLITS


def line(step: int, split: str = "train", **values: float) -> str:
    row = {"step": step, "epoch": 1 + (step - 1) // 10, "split": split, "seconds": step / 2, **values}
    return json.dumps(row) + "\n"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of 3 epochs of 10 steps that has logged nothing yet."""
    return create(Config(name="run", training=Training(epochs=3)), tmp_path)


def test_the_log_of_a_training_holds_what_its_lines_say(tiny_run: Run):
    log, rows = training_log.read(tiny_run), tiny_run.metrics()
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
    assert training_log.read(run) is EMPTY
    run.metrics_file.write_text(line(1, loss=2.0) + line(2, loss=1.0) + line(3)[:9])
    first = training_log.read(run)
    assert first.column("train", "loss").tolist() == [2.0, 1.0]
    run.metrics_file.write_text(line(1, loss=2.0) + line(2, loss=1.0) + line(10, "validation", loss=0.5))
    parsed = []
    parse = training_log._parse
    monkeypatch.setattr(
        training_log, "_parse", lambda run, lines: parsed.append(bytes(lines)) or parse(run, lines)
    )
    second = training_log.read(run, first)
    assert parsed == [line(10, "validation", loss=0.5).encode()]
    assert training_log.read(run, second).column("validation", "loss").tolist() == [0.5]
    assert parsed[1:] == [b""]
    assert second.column("train", "loss").tolist() == [2.0, 1.0]


def test_a_log_that_was_begun_anew_is_read_anew(run: Run):
    run.metrics_file.write_text(line(1, loss=2.0) + line(2, loss=1.0))
    before = training_log.read(run, training_log.read(run))
    run.metrics_file.write_text(line(1, loss=8.0) + line(2, loss=4.0) + line(3, loss=3.0))
    assert training_log.read(run, before).column("train", "loss").tolist() == [8.0, 4.0, 3.0]
    run.metrics_file.write_text(line(1, loss=2.0))
    assert training_log.read(run, before).column("train", "loss").tolist() == [2.0]
    run.metrics_file.unlink()
    assert training_log.read(run, before) is EMPTY


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
        training_log.read(run)


def test_a_loss_may_be_infinite(run: Run):
    run.metrics_file.write_text(line(1, loss=math.nan) + line(2, loss=math.inf))
    assert training_log.read(run).column("train", "loss").tolist()[1] == math.inf


def test_progress_is_known_before_the_first_epoch_is_over(run: Run):
    assert training_log.progress(run, EMPTY) == training_log.Progress(0, 0, 1, 3.0, None)
    write_json(run.path / "environment.json", {"steps_per_epoch": 10})
    run.metrics_file.write_text(line(2) + line(4))
    log = training_log.read(run)
    assert training_log.progress(run, log) == training_log.Progress(4, 30, 1, 3.0, 13.0)
    assert log.column("train", "epoch").tolist() == [0.2, 0.4]
    run.metrics_file.write_text(line(2) + line(10) + line(10, "validation"))
    assert training_log.progress(run, training_log.read(run, log)).epoch == 1
    run.metrics_file.write_text(line(2) + line(11))
    assert training_log.progress(run, training_log.read(run, log)).epoch == 2


def test_an_older_run_tells_by_its_log_how_long_an_epoch_is(run: Run):
    run.metrics_file.write_text(line(4) + line(10, "validation") + line(14))
    log = training_log.read(run)
    assert log.steps_per_epoch == 10
    assert training_log.progress(run, log).share == 14 / 30


def test_a_training_says_how_long_an_epoch_is(tiny_run: Run):
    assert tiny_run.environment["steps_per_epoch"] == 21
    progress = training_log.progress(tiny_run, training_log.read(tiny_run))
    assert (progress.step, progress.steps, progress.share, progress.seconds_left) == (21, 21, 1.0, 0.0)


def test_only_what_is_written_to_and_not_finished_is_in_training(run: Run, tiny_run: Run, tmp_path: Path):
    assert training_log.is_training(run)
    long_ago = time.time() - 1000
    os.utime(run.path / "config.json", (long_ago, long_ago))
    assert not training_log.is_training(run)
    run.metrics_file.write_text(line(1))
    assert training_log.is_training(run)
    write_json(run.path / "finished.json", {})
    assert not training_log.is_training(run)
    assert not training_log.is_training(replace(tiny_run, path=tmp_path / "nowhere"))
