"""Score on MNIST's test split with its known label errors corrected."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from digitjax.errors import InputError
from digitjax.runs.seed_stats import wilson_interval

CORRECTED_LABELS = {
    947: (8, 9),
    1621: (0, 6),
    1901: (9, 4),
    2462: (2, 0),
    2597: (5, 3),
    3558: (5, 0),
    5937: (5, 3),
    6651: (0, 6),
    6783: (1, 6),
    9729: (5, 6),
}
"""Label errors of MNIST's test split: index in the official file -> (given label, corrected label)."""
AMBIGUOUS = (2654, 3520, 9679)
"""Indices of images on whose digit people do not agree."""
_TEST_IMAGES = 10_000


def score_without_label_errors(
    logits: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]
) -> dict[str, Any]:
    """Score predictions of MNIST's test split by corrected labels, without ambiguous images (arXiv 2103.14749).

    Not the headline: several of the corrections by Northcutt et al. (2021) are debatable, and published results use
    the given labels.

    Args:
        logits: predictions of the whole split, in its order.
        labels: the given labels, int (10000,).

    Returns:
        `examples`, `correct`, `accuracy` and its `accuracy_interval` (95%, Wilson 1927) by the corrected labels, ready
        for JSON; how many labels were `corrected`, and how many images were `excluded`.

    Raises:
        InputError: these are not the labels of MNIST's test split.
    """
    indices = list(CORRECTED_LABELS)
    given_labels, corrected_labels = np.array(list(CORRECTED_LABELS.values())).T
    if len(labels) != _TEST_IMAGES or (labels[indices] != given_labels).any():
        raise InputError(
            "label errors are known for MNIST's test split alone: evaluate a run of mnist on test"
        )
    corrected = labels.copy()
    corrected[indices] = corrected_labels
    is_correct = np.delete(logits.argmax(axis=1) == corrected, AMBIGUOUS)
    correct, examples = int(is_correct.sum()), len(is_correct)
    return {
        "examples": examples,
        "correct": correct,
        "accuracy": correct / examples,
        "accuracy_interval": list(wilson_interval(correct, examples)),
        "corrected": len(CORRECTED_LABELS),
        "excluded": len(AMBIGUOUS),
    }
