"""The result of the last validation, which the dashboard shows: what it holds, and that nothing depends on it."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from digitjax.data import pipeline
from digitjax.evaluation.evaluate import Evaluation, evaluate
from digitjax.model.training.train import train
from digitjax.runs import Run, integrity, last_validation, read_json, write_json
from tests.conftest import TINY


def copy_run(run: Run, folder: Path) -> Run:
    return Run(shutil.copytree(run.path, folder / run.path.name))


def test_it_agrees_with_an_evaluation_of_the_same_weights(tiny_run: Run, tmp_path: Path):
    run = copy_run(tiny_run, tmp_path)
    validation, evaluation = last_validation.read(run), evaluate(run, "validation", "latest")
    assert validation is not None
    assert isinstance(evaluation, Evaluation)
    assert (validation.step, validation.epoch) == (21, 1)
    assert validation.confusion == evaluation.summary["confusion"]
    labels = pipeline.load(run.config.data).validation.labels
    assert [sample.label for sample in validation.samples] == sorted([*range(10)] * 3)
    assert len({sample.index for sample in validation.samples}) == 30
    shifted = np.exp(evaluation.logits - evaluation.logits.max(axis=1, keepdims=True))
    probabilities = shifted / shifted.sum(axis=1, keepdims=True)
    for sample in validation.samples:
        assert sample.label == labels[sample.index]
        assert sample.predicted == probabilities[sample.index].argmax()
        assert sample.confidence == pytest.approx(probabilities[sample.index].max(), abs=1e-4)


def test_an_autoencoder_writes_none(tiny_vae: Run):
    assert last_validation.read(tiny_vae) is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"step": 1}', b'{"step": "x", "epoch": 1}', b"\xff\x00"]
)
def test_a_damaged_or_missing_file_is_no_error(tiny_run: Run, tmp_path: Path, content: bytes):
    run = copy_run(tiny_run, tmp_path)
    (run.path / last_validation.FILE).write_bytes(content)
    assert last_validation.read(run) is None
    assert not integrity.find_problems(run)
    train(TINY, tmp_path, resume=True)
    assert not (run.path / last_validation.FILE).exists()
    assert last_validation.read(run) is None


def test_that_of_another_run_and_a_changed_one_are_not_used(tiny_run: Run, able_run: Run, tmp_path: Path):
    run = copy_run(tiny_run, tmp_path)
    file = run.path / last_validation.FILE
    shutil.copy(able_run.path / last_validation.FILE, file)
    assert last_validation.read(run) is None
    shutil.copy(tiny_run.path / last_validation.FILE, file)
    assert last_validation.read(run) is not None
    write_json(file, {**read_json(file), "epoch": 7})
    assert last_validation.read(run) is None


def test_what_a_resumed_training_will_repeat_is_deleted(tiny_run: Run, tmp_path: Path):
    run = copy_run(tiny_run, tmp_path)
    last_validation.discard_after(run, 21)
    assert last_validation.read(run) is not None
    last_validation.discard_after(run, 20)
    assert not (run.path / last_validation.FILE).exists()
