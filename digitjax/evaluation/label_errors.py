"""A second look at MNIST's test score: without the pictures whose labels are known to be wrong."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from digitjax.errors import InputError
from digitjax.runs.seed_stats import wilson_interval

CORRECTED = {
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
"""Of pictures of MNIST's test split, by their place in the official file, the given label and what people see."""
UNCLEAR = (2654, 3520, 9679)
"""Those in which people see no one digit."""
_PICTURES = 10_000


def score_without_label_errors(
    logits: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]
) -> dict[str, Any]:
    """Score predictions of MNIST's test split by corrected labels, unclear pictures left out (arXiv 2103.14749).

    A view and no headline: several of the corrections by Northcutt et al. (2021) can be argued about, and all that is
    published is scored by the labels as they were given.

    Args:
        logits: of the whole split, in its order.
        labels: the given ones, int (10000,).

    Returns:
        `pictures`, `correct`, `accuracy` and its `accuracy_interval` (Wilson 1927) by the corrected labels, ready for
        JSON; how many labels were `corrected`, and how many pictures were `left_out`.

    Raises:
        InputError: these are not the labels of MNIST's test split.
    """
    places = list(CORRECTED)
    given, seen = np.array(list(CORRECTED.values())).T
    if len(labels) != _PICTURES or (labels[places] != given).any():
        raise InputError(
            "label errors are known of MNIST's test split alone: evaluate a run of mnist on test"
        )
    corrected = labels.copy()
    corrected[places] = seen
    right = np.delete(logits.argmax(axis=1) == corrected, UNCLEAR)
    correct, pictures = int(right.sum()), len(right)
    return {
        "examples": pictures,
        "correct": correct,
        "accuracy": correct / pictures,
        "accuracy_interval": list(wilson_interval(correct, pictures)),
        "corrected": len(CORRECTED),
        "left_out": len(UNCLEAR),
    }
