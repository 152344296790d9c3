"""Curves of training, made fit to be drawn: smoothed, averaged over seeds, thinned out."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from digitjax.runs.log_reader import Measure, Split, TrainingLog


class Curve(NamedTuple):
    """A measure along a training, of a run or of several that differ in their seeds; points by step."""

    step: Float64[np.ndarray, " points"]
    epoch: Float64[np.ndarray, " points"]
    """Passes over the training pictures, with fractions."""
    seconds: Float64[np.ndarray, " points"]
    mean: Float64[np.ndarray, " points"]
    low: Float64[np.ndarray, " points"]
    high: Float64[np.ndarray, " points"]
    runs: Int64[np.ndarray, " points"]
    """How many got so far."""

    def at(self, points: np.ndarray) -> "Curve":
        """Return some of its points: by their places, or by a mask."""
        return Curve(*(column[points] for column in self))


def find_curve(logs: Sequence[TrainingLog], split: Split, measure: Measure, weight: float = 0.0) -> Curve:
    """Return the curve of a measure over one run or several; what is not finite is left out.

    Args:
        logs: of a run, or of each run of a group: their mean, the lowest and the highest are taken step by step.
        split: of which lines.
        measure: which field of them.
        weight: of `smooth`, which is done run by run.
    """
    columns: list[list[np.ndarray]] = []
    for log in logs:
        values = log.column(split, measure)
        finite = np.isfinite(values)
        places = [log.column(split, name)[finite] for name in ("step", "epoch", "seconds")]
        columns.append([*places, smooth(values[finite], weight)])
    steps, epochs, seconds, values = (np.concatenate(column) for column in zip(*columns, strict=True))
    order = np.argsort(steps, kind="stable")
    unique, first, runs = np.unique(steps[order], return_index=True, return_counts=True)

    def mean(column: np.ndarray) -> np.ndarray:
        return np.add.reduceat(column[order], first) / runs

    low, high = (extreme.reduceat(values[order], first) for extreme in (np.minimum, np.maximum))
    return Curve(unique, mean(epochs), mean(seconds), mean(values), low, high, runs)


def smooth(values: Float64[np.ndarray, " n"], weight: float) -> Float64[np.ndarray, " n"]:
    """Return the exponential moving average, corrected for its start at zero as in Adam (arXiv 1412.6980).

    Args:
        values: what is averaged, all finite.
        weight: of what came before, from 0 (nothing is smoothed) to below 1.
    """

    def decay(mean: float, value: float) -> float:
        return weight * mean + (1 - weight) * value

    means = np.fromiter(accumulate(values.tolist(), decay, initial=0.0), float, len(values) + 1)
    return means[1:] / (1 - weight ** np.arange(1, len(values) + 1))


def thin(most: int, *columns: Float64[np.ndarray, " points"]) -> Int64[np.ndarray, " kept"]:
    """Return which points to draw: all, or evenly from left to right the lowest and the highest of each stretch.

    The first point, the last, and the extremes of each column are always among them.

    Args:
        most: how many points at most: 2, and 2 for each column, or more.
        columns: values of the same points.
    """
    count = len(columns[0])
    if count <= most:
        return np.arange(count)
    stretches = np.linspace(0, count, (most - 2) // (2 * len(columns)) + 1).astype(int)
    kept = {0, count - 1}
    for first, last in pairwise(stretches.tolist()):
        for column in columns:
            stretch = column[first:last]
            kept |= {first + int(stretch.argmin()), first + int(stretch.argmax())}
    return np.array(sorted(kept))
