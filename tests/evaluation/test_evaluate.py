"""Evaluations are kept whole in the run folder and read back as they were."""

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
def copied(tiny_run: Run, tmp_path: Path) -> Run:
    return Run(Path(shutil.copytree(tiny_run.path, tmp_path / "tiny")))


def test_an_evaluation_is_written_and_read_back(copied: Run):
    made = evaluation.evaluate(copied, "validation", "latest")
    read = evaluation.read(copied, "validation", made.step)
    np.testing.assert_array_equal(read.logits, made.logits)
    np.testing.assert_array_equal(read.labels, made.labels)
    expected = {"tta": "none", **metrics.summarize(made.logits, made.labels)}
    assert read.summary == json.loads(json.dumps(expected))
    assert copied.evaluations() == [("test", 21, "none"), ("validation", 21, "none")]
    names = {p.name for p in (copied.path / "evaluation").iterdir()}
    assert names == {"test@21", "validation@21"}


def test_the_logged_validation_accuracy_is_that_of_the_evaluation(copied: Run):
    logged = copied.metrics()[-1]
    assert logged["split"] == "validation"
    assert evaluation.evaluate(copied, "validation").summary["accuracy"] == pytest.approx(
        logged["accuracy"], abs=1e-6
    )


def test_a_split_that_does_not_exist_is_refused(copied: Run):
    with pytest.raises(InputError, match="there is no split 'all': choose one of train, validation, test"):
        evaluation.evaluate(copied, "all")


def test_other_data_than_those_of_the_training_are_refused(copied: Run):
    path = copied.path / "environment.json"
    path.write_text(path.read_text().replace('"data_sha256": "', '"data_sha256": "0'))
    with pytest.raises(InputError, match="it was trained on other data than the digits that is here"):
        evaluation.evaluate(copied)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip"])
def test_damaged_predictions_say_so(copied: Run, content: bytes):
    path = copied.evaluation_folder("test", 21) / "predictions.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"predictions\.npz: it cannot be read: evaluate tiny again"):
        evaluation.read(copied, "test", 21)


def test_no_evaluation_says_so(copied: Run):
    with pytest.raises(InputError, match=r"test@99/metrics\.json: No such file"):
        evaluation.read(copied, "test", 99)
