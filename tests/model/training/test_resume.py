"""Resuming with another config: more epochs, and what is changed on purpose."""

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digitjax import cli
from digitjax.config import Adam, Config, MLPConfig, Schedule
from digitjax.errors import InputError
from digitjax.evaluation.evaluate import evaluate
from digitjax.model.training import resume
from digitjax.model.training.train import train
from digitjax.model.training.train_seeds import train_seeds
from digitjax.runs import Run, integrity, read_json, summarize_run
from tests.conftest import TINY

DECAYED = replace(TINY, model=MLPConfig(dense=(16,)))
CONSTANT = replace(DECAYED, schedule=Schedule(shape="constant", warmup=0.0))


def longer(config: Config, epochs: float, **fields: Any) -> Config:
    return replace(config, training=replace(config.training, epochs=epochs, **fields))


def losses(run: Run) -> list[float]:
    return [line["loss"] for line in run.metrics()]


def test_a_finished_run_with_a_constant_rate_is_extended_as_if_it_had_been_longer_from_the_start(
    tmp_path: Path,
):
    straight = train(longer(CONSTANT, 2), tmp_path / "straight")
    run = train(CONSTANT, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(longer(CONSTANT, 2), tmp_path, resume=True)
    assert losses(run) == losses(straight)
    np.testing.assert_array_equal(
        evaluate(run, "validation", "latest").logits, evaluate(straight, "validation", "latest").logits
    )
    assert Run(run.path).config == longer(CONSTANT, 2)
    assert Run(run.path).changes() == [{"step": 21, "fields": {"training.epochs": [1, 2]}}]
    finished = read_json(run.path / "finished.json")
    assert {name: finished[name] for name in ("step", "epoch", "stopped_early")} == {
        "step": 42,
        "epoch": 2,
        "stopped_early": False,
    }
    assert integrity.find_problems(Run(run.path)) == []
    assert summarize_run(Run(run.path)).extent == "epoch 2 of 2"


def test_a_decayed_rate_jumps_with_a_warning(tmp_path: Path):
    run = train(DECAYED, tmp_path)
    with pytest.warns(UserWarning, match=r"rate goes from 0 to 0\.0012 at step 21: its cosine .* 2 epochs"):
        train(longer(DECAYED, 2), tmp_path, resume=True)
    assert run.metrics()[-1]["step"] == 42


def test_what_is_allowed_to_change_changes(tmp_path: Path):
    run = train(CONSTANT, tmp_path)
    changed = replace(longer(CONSTANT, 2, patience=5), optimizer=Adam(lr=1e-4))
    with pytest.raises(InputError, match=r"optimizer\.lr 0\.002, not 0\.0001.*--allow-changes optimizer\.lr"):
        train(changed, tmp_path, resume=True)
    with pytest.warns(UserWarning, match=r"rate goes from 0\.002 to 0\.0001 at step 21"):
        train(changed, tmp_path, resume=True, allow_changes=("optimizer.lr", "training.patience"))
    assert run.metrics()[-2]["learning_rate"] == pytest.approx(1e-4)
    assert set(run.changes()[0]["fields"]) == {"optimizer.lr", "training.epochs", "training.patience"}


@pytest.mark.parametrize(
    ("config", "allowed", "reason"),
    [
        (longer(TINY, 0.5), (), r"training\.epochs 1, not 0\.5: resume it with its own config$"),
        (replace(TINY, seed=1), (), r"seed 0, not 1: resume it with its own config$"),
        (longer(TINY, 2, batch_size=32), ("training.batch_size",), "it must be one of optimizer.adam_lr, "),
    ],
)
def test_everything_else_is_refused(tiny_run: Run, config: Config, allowed: tuple[str, ...], reason: str):
    before = (tiny_run.path / "config.json").read_bytes()
    with pytest.raises(InputError, match=reason):
        train(config, tiny_run.path.parent, resume=True, allow_changes=allowed)
    assert (tiny_run.path / "config.json").read_bytes() == before
    with pytest.raises(InputError, match="add --resume"):
        train(TINY, tiny_run.path.parent, allow_changes=("optimizer.lr",))


def test_a_run_that_stopped_early_needs_more_patience(tmp_path: Path):
    config = replace(longer(CONSTANT, 9, patience=1), optimizer=Adam(lr=1e-12))
    run = train(config, tmp_path)
    with pytest.raises(InputError, match=r"stopped early: for more epochs also raise --training\.patience"):
        train(longer(config, 12), tmp_path, resume=True)
    stopped = run.metrics()[-1]["epoch"]
    train(longer(config, 12, patience=2), tmp_path, resume=True, allow_changes=("training.patience",))
    assert run.metrics()[-1]["epoch"] > stopped


def test_an_extension_that_is_killed_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class KilledError(Exception):
        pass

    def die(*_: object) -> None:
        raise KilledError

    run = train(CONSTANT, tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(resume, "to_json", die)
        with pytest.raises(KilledError):
            train(longer(CONSTANT, 2), tmp_path, resume=True)
    assert summarize_run(run).problem.startswith("not finished")
    train(longer(CONSTANT, 2), tmp_path, resume=True)
    assert len(run.changes()) == 1
    assert run.metrics()[-1]["step"] == 42


@pytest.mark.slow
def test_a_group_is_extended(tmp_path: Path):
    group = train_seeds(CONSTANT, 2, tmp_path)
    train_seeds(longer(CONSTANT, 2), 2, tmp_path, resume=True)
    assert [run.metrics()[-1]["step"] for run in group.members()] == [42, 42]
    assert json.loads((group.path / "group.json").read_text())["validation_accuracy"]["count"] == 2


def test_the_command_extends(tmp_path: Path):
    command = ["train", "digits", "--runs", str(tmp_path), "--model.channels", "4", "--schedule.shape"]
    command += ["constant", "--training.epochs"]
    cli.main([*command, "1"])
    cli.main([*command, "2", "--resume", "--allow-changes", "optimizer.lr", "--optimizer.lr", "0.002"])
    assert Run(tmp_path / "digits").metrics()[-1]["epoch"] == 2
