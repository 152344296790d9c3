"""Packing a run, and the pretrained models."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from digitjax import experiments, runs
from digitjax.errors import InputError
from digitjax.evaluation.evaluate import evaluate
from digitjax.model.export.pack import pack
from digitjax.recognition import recognizer
from digitjax.runs import Run
from digitjax.runs.checkpoints import saved_steps

PRETRAINED_RUNS = runs.list_runs(runs.PRETRAINED_FOLDER)


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_a_packed_run_is_small_and_predicts_the_same(tiny_run: Run, tmp_path: Path):
    packed = pack(tiny_run, tmp_path / "models" / "tiny")
    assert size(packed.path) < 0.75 * size(tiny_run.checkpoints)
    assert packed.config == tiny_run.config
    before, after = evaluate(tiny_run), evaluate(packed)
    assert before.step == after.step
    np.testing.assert_array_equal(before.logits, after.logits)


def test_a_step_that_is_in_weights_alone_is_packed(able_run: Run, tmp_path: Path):
    run = Run(tmp_path / "able")
    shutil.copytree(able_run.path, run.path)
    first, *_ = saved_steps(run)
    shutil.rmtree(run.checkpoints / str(first))
    packed = pack(run, tmp_path / "packed", str(first))
    assert saved_steps(packed) == [first]


def test_a_packed_run_has_no_details_of_the_machine(tiny_run: Run, tmp_path: Path):
    packed = pack(tiny_run, tmp_path / "tiny")
    assert not {"command", "platform", "processor", "settings"} & packed.environment.keys()
    content = b"".join(path.read_bytes() for path in packed.path.rglob("*") if path.is_file())
    assert str(tiny_run.path.parent).encode() not in content
    assert str(tmp_path).encode() not in content


def test_an_existing_folder_and_a_run_without_checkpoints_are_refused(tiny_run: Run, tmp_path: Path):
    with pytest.raises(InputError, match="exists: name another folder"):
        pack(tiny_run, tmp_path)
    empty = Run(tmp_path / "empty")
    shutil.copytree(tiny_run.path, empty.path, ignore=shutil.ignore_patterns("checkpoints"))
    with pytest.raises(InputError, match="there is no checkpoint yet"):
        pack(empty, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_pack_that_fails_half_way_leaves_nothing_behind(
    tiny_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copy", fail)
        with pytest.raises(OSError, match="No space left"):
            pack(tiny_run, tmp_path / "new" / "tiny")
    assert not list((tmp_path / "new").iterdir())
    assert pack(tiny_run, tmp_path / "new" / "tiny").config == tiny_run.config


@pytest.mark.parametrize("run", PRETRAINED_RUNS, ids=lambda run: run.name)
def test_a_pretrained_model_is_small_complete_and_described(run: Run):
    assert size(run.path) < 3e6
    assert run.config == experiments.load(run.name)
    reader = recognizer.load(run.name)
    assert reader.probabilities(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)
    card = (run.path / "model_card.md").read_text()
    (test,) = [json.loads(p.read_text()) for p in run.path.glob("evaluation/test@*/metrics.json")]
    assert f"{test['accuracy']:.2%}".replace("%", " %") in card


def test_the_pretrained_model_is_the_default(tmp_path: Path):
    assert recognizer.load(None, tmp_path).name == runs.PRETRAINED in [run.name for run in PRETRAINED_RUNS]
