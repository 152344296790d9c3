"""Evaluations are written into the run folder and read back unchanged."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from digitjax.errors import InputError
from digitjax.evaluation import evaluate as evaluation
from digitjax.evaluation import metrics
from digitjax.runs import Run


@pytest.fixture
def run(tiny_run: Run, tmp_path: Path) -> Run:
    return Run(Path(shutil.copytree(tiny_run.path, tmp_path / "tiny")))


def test_an_evaluation_is_written_and_read_back(run: Run):
    written = evaluation.evaluate(run, "validation", "latest")
    read = evaluation.read(run, "validation", written.step)
    np.testing.assert_array_equal(read.logits, written.logits)
    np.testing.assert_array_equal(read.labels, written.labels)
    expected = {"tta": "none", **metrics.summarize(written.logits, written.labels)}
    assert read.summary == json.loads(json.dumps(expected))
    assert run.evaluations() == [("test", 21, "none"), ("validation", 21, "none")]
    names = {p.name for p in (run.path / "evaluation").iterdir()}
    assert names == {"test@21", "validation@21"}


def test_the_logged_validation_accuracy_is_that_of_the_evaluation(run: Run):
    logged = run.metrics()[-1]
    assert logged["split"] == "validation"
    assert evaluation.evaluate(run, "validation").summary["accuracy"] == pytest.approx(
        logged["accuracy"], abs=1e-6
    )


def test_an_unknown_split_is_refused(run: Run):
    with pytest.raises(InputError, match="there is no split 'all': choose one of train, validation, test"):
        evaluation.evaluate(run, "all")


def test_other_data_than_that_of_the_training_is_refused(run: Run):
    path = run.path / "environment.json"
    path.write_text(path.read_text().replace('"data_sha256": "', '"data_sha256": "0'))
    with pytest.raises(InputError, match="it was trained on other data than the digits that is here"):
        evaluation.evaluate(run)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip"])
def test_damaged_predictions_are_reported(run: Run, content: bytes):
    path = run.evaluation_folder("test", 21) / "predictions.npz"
    path.write_bytes(content)
    with pytest.raises(
        InputError, match=r"predictions\.npz: it is not what was written: evaluate tiny again"
    ):
        evaluation.read(run, "test", 21)


def test_a_missing_evaluation_is_reported(run: Run):
    with pytest.raises(InputError, match=r"test@99/metrics\.json: No such file"):
        evaluation.read(run, "test", 99)
