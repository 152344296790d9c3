"""The known label errors are at their indices, and scores by corrected labels equal hand-worked ones."""

from pathlib import Path

import numpy as np
import pytest

from digitjax.data.mnist.mnist_dataset_builder import read_idx
from digitjax.errors import InputError
from digitjax.evaluation.label_errors import AMBIGUOUS, CORRECTED_LABELS, score_without_label_errors


def mnist_like() -> np.ndarray:
    labels = np.zeros(10_000, np.int32)
    labels[list(CORRECTED_LABELS)] = [given for given, _ in CORRECTED_LABELS.values()]
    return labels


def test_predictions_of_the_given_labels_are_incorrect_at_the_corrected_ones():
    labels = mnist_like()
    score = score_without_label_errors(np.eye(10)[labels], labels)
    assert (score["examples"], score["correct"], score["excluded"]) == (9997, 9987, 3)
    assert score["accuracy"] == 9987 / 9997
    low, high = score["accuracy_interval"]
    assert low < score["accuracy"] < high < 1


def test_predictions_of_the_corrected_labels_are_all_correct():
    labels = mnist_like()
    corrected = labels.copy()
    corrected[list(CORRECTED_LABELS)] = [digit for _, digit in CORRECTED_LABELS.values()]
    corrected[list(AMBIGUOUS)] = 9
    before = labels.copy()
    assert score_without_label_errors(np.eye(10)[corrected], labels)["accuracy"] == 1.0
    np.testing.assert_array_equal(labels, before)


@pytest.mark.parametrize("change", [lambda labels: labels[:-1], lambda labels: labels[::-1]])
def test_other_labels_are_refused(change):
    labels = change(mnist_like())
    with pytest.raises(InputError, match="known for MNIST's test split alone"):
        score_without_label_errors(np.eye(10)[labels], labels)


def test_the_official_file_has_the_given_labels_at_these_indices(test_data: Path):
    """`tests/data/test_pipeline.py` compares the order of the test split with that of the file."""
    labels = read_idx(test_data / "mnist/t10k-labels-idx1-ubyte.gz").astype(np.int32)
    assert {index: int(labels[index]) for index in CORRECTED_LABELS} == {
        p: g for p, (g, _) in CORRECTED_LABELS.items()
    }
    assert score_without_label_errors(np.eye(10)[labels], labels)["correct"] == 9987
