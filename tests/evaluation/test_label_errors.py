"""The known label errors are where they are said to be, and change a score as by hand."""

from pathlib import Path

import numpy as np
import pytest

from digitjax.data.mnist.mnist_dataset_builder import read_idx
from digitjax.errors import InputError
from digitjax.evaluation.label_errors import CORRECTED, UNCLEAR, score_without_label_errors


def mnist_like() -> np.ndarray:
    labels = np.zeros(10_000, np.int32)
    labels[list(CORRECTED)] = [given for given, _ in CORRECTED.values()]
    return labels


def test_who_reads_the_given_labels_is_wrong_at_the_corrected_ones():
    labels = mnist_like()
    score = score_without_label_errors(np.eye(10)[labels], labels)
    assert (score["examples"], score["correct"], score["left_out"]) == (9997, 9987, 3)
    assert score["accuracy"] == 9987 / 9997
    low, high = score["accuracy_interval"]
    assert low < score["accuracy"] < high < 1


def test_who_reads_what_people_see_is_right_everywhere():
    labels = mnist_like()
    seen = labels.copy()
    seen[list(CORRECTED)] = [digit for _, digit in CORRECTED.values()]
    seen[list(UNCLEAR)] = 9
    before = labels.copy()
    assert score_without_label_errors(np.eye(10)[seen], labels)["accuracy"] == 1.0
    np.testing.assert_array_equal(labels, before)


@pytest.mark.parametrize("change", [lambda labels: labels[:-1], lambda labels: labels[::-1]])
def test_other_labels_are_refused(change):
    labels = change(mnist_like())
    with pytest.raises(InputError, match="known of MNIST's test split alone"):
        score_without_label_errors(np.eye(10)[labels], labels)


def test_the_official_file_has_the_given_labels_at_these_places(test_data: Path):
    """As has our test split, whose order `tests/data/test_pipeline.py` compares with the file's."""
    labels = read_idx(test_data / "mnist/t10k-labels-idx1-ubyte.gz").astype(np.int32)
    assert {place: int(labels[place]) for place in CORRECTED} == {p: g for p, (g, _) in CORRECTED.items()}
    assert score_without_label_errors(np.eye(10)[labels], labels)["correct"] == 9987
