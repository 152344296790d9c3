"""Groups of seeds: trained one by one, and resumed after an interruption."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digitjax.config import Config
from digitjax.errors import InputError
from digitjax.model.training import train as training
from digitjax.model.training import train_seeds as group_training
from digitjax.model.training.train_seeds import train_seeds
from digitjax.runs import Group, Run
from tests.conftest import TINY


def written(run: Run) -> list[int]:
    return sorted(p.stat().st_mtime_ns for p in run.path.rglob("*") if p.is_file())


def test_a_group_has_one_run_for_each_seed(tiny_group: Group, tiny_run: Run):
    first, second = tiny_group.members()
    assert (first.name, second.name) == ("tiny/seed-0", "tiny/seed-1")
    assert (first.config.seed, second.config.seed) == (0, 1)
    assert replace(first.config, name="tiny") == tiny_run.config
    logged = [run.metrics()[-1]["accuracy"] for run in (first, second)]
    assert logged[0] == tiny_run.metrics()[-1]["accuracy"] != logged[1]
    content = json.loads((tiny_group.path / "group.json").read_text())
    assert content["seeds"] == [0, 1]
    assert content["validation_accuracy"]["mean"] == pytest.approx(np.mean(logged))


def test_an_interrupted_group_is_resumed_and_seeds_may_be_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def killed_at_the_second(config: Config, *args: object, **options: bool) -> Run:
        if config.seed == 1:
            raise KeyboardInterrupt
        return training.train(config, *args, **options)

    monkeypatch.setattr(group_training, "train", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        train_seeds(TINY, 2, tmp_path)
    monkeypatch.undo()
    group = Group(tmp_path / "tiny")
    with pytest.raises(InputError, match="seed-1: missing: train it with --resume"):
        group.members()
    before = written(group.member(0))
    assert (group.member(0).path / "calibration.json").exists()

    with pytest.raises(InputError, match="tiny exists: continue it with --resume"):
        train_seeds(TINY, 2, tmp_path)
    with pytest.raises(InputError, match=r"seed-0 was started with training\.batch_size 64, not 9"):
        train_seeds(replace(TINY, training=replace(TINY.training, batch_size=9)), 3, tmp_path, resume=True)
    with pytest.raises(InputError, match="started with seeds 0 to 1: resume it with at least these"):
        train_seeds(replace(TINY, seed=1), 2, tmp_path, resume=True)
    with pytest.raises(InputError, match="tiny is a group of seeds: resume it with --resume and its --seeds"):
        training.train(TINY, tmp_path, resume=True)
    assert group.seeds() == [0, 1]

    assert train_seeds(TINY, 3, tmp_path, resume=True) == group
    assert [run.config.seed for run in group.members()] == [0, 1, 2]
    assert written(group.member(0)) == before
    (group.member(2).path / "calibration.json").unlink()
    train_seeds(TINY, 3, tmp_path, resume=True)
    assert (group.member(2).path / "calibration.json").exists()
    with pytest.raises(InputError, match="started with seeds 0 to 2"):
        train_seeds(TINY, 2, tmp_path, resume=True)

    assert train_seeds(replace(TINY, seed=5), 2, tmp_path, overwrite=True).seeds() == [5, 6]
    assert not group.member(0).path.exists()


def test_a_group_is_not_overwritten_while_one_of_its_seeds_is_in_training(
    tiny_group: Group, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    group = Group(Path(shutil.copytree(tiny_group.path, tmp_path / "tiny")))
    seed, other = replace(TINY, name="seed-1", seed=1), replace(TINY, seed=5)
    refusals = []

    def overwrite(epoch: int, _: dict[str, float]) -> None:
        with pytest.raises(InputError) as caught:
            train_seeds(other, 2, tmp_path, overwrite=True)
        refusals.append(str(caught.value))

    training.train(seed, group.path, overwrite=True, on_epoch=overwrite)
    assert [reason.partition(" is being")[0] for reason in refusals] == [str(group.member(1).path)]
    assert group.seeds() == [0, 1]

    def overwrite_between(*args: Any, **options: Any) -> Run:
        with pytest.raises(InputError, match="tiny is being trained by another process"):
            train_seeds(other, 2, tmp_path, overwrite=True)
        return training.train(*args, **options)

    monkeypatch.setattr(group_training, "train", overwrite_between)
    assert train_seeds(TINY, 3, tmp_path, resume=True).seeds() == [0, 1, 2]


def test_an_invalid_group_is_refused_before_anything_is_written(tmp_path: Path, tiny_run: Run):
    with pytest.raises(InputError, match="--seeds is 1: a group has at least two seeds"):
        train_seeds(TINY, 1, tmp_path)
    with pytest.raises(InputError, match="seed: input should be less than 4294967296"):
        train_seeds(replace(TINY, seed=2**32 - 1), 2, tmp_path)
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="tiny is a run of one seed: choose another --name"):
        train_seeds(TINY, 2, tiny_run.path.parent, resume=True)
