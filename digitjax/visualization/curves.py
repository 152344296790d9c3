"""Learning curves as arrays: averaged over seeds, smoothed and downsampled."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from digitjax.runs.log_reader import Metric, Split, TrainingLog


class Curve(NamedTuple):
    """A metric over the training of one run, or of several seeds; points are sorted by step."""

    step: Float64[np.ndarray, " points"]
    epoch: Float64[np.ndarray, " points"]
    """Passes over the training images, with fractions."""
    seconds: Float64[np.ndarray, " points"]
    mean: Float64[np.ndarray, " points"]
    low: Float64[np.ndarray, " points"]
    high: Float64[np.ndarray, " points"]
    runs: Int64[np.ndarray, " points"]
    """How many runs have logged this step."""

    def take(self, points: np.ndarray) -> "Curve":
        """Return the points that an index array or a mask selects."""
        return Curve(*(column[points] for column in self))


def aggregate_curve(
    logs: Sequence[TrainingLog], split: Split, metric: Metric, smoothing: float = 0.0
) -> Curve:
    """Return mean, minimum and maximum of a metric at each step, over one run or several seeds.

    Values that are not finite are left out.

    Args:
        logs: the log of a run, or of each seed.
        split: "train" or "validation".
        metric: the logged field.
        smoothing: weight of the exponential moving average of `smooth`, applied to each seed.
    """
    columns: list[list[np.ndarray]] = []
    for log in logs:
        values = log.column(split, metric)
        finite = np.isfinite(values)
        axes = [log.column(split, name)[finite] for name in ("step", "epoch", "seconds")]
        columns.append([*axes, smooth(values[finite], smoothing)])
    steps, epochs, seconds, values = (np.concatenate(column) for column in zip(*columns, strict=True))
    order = np.argsort(steps, kind="stable")
    unique, first, runs = np.unique(steps[order], return_index=True, return_counts=True)

    def mean(column: np.ndarray) -> np.ndarray:
        return np.add.reduceat(column[order], first) / runs

    low, high = (extreme.reduceat(values[order], first) for extreme in (np.minimum, np.maximum))
    return Curve(unique, mean(epochs), mean(seconds), mean(values), low, high, runs)


def smooth(values: Float64[np.ndarray, " n"], weight: float) -> Float64[np.ndarray, " n"]:
    """Return the exponential moving average, with the bias correction of Adam (arXiv 1412.6980).

    Args:
        values: finite values.
        weight: of the past, from 0 (no smoothing) to below 1.
    """

    def decay(mean: float, value: float) -> float:
        return weight * mean + (1 - weight) * value

    means = np.fromiter(accumulate(values.tolist(), decay, initial=0.0), float, len(values) + 1)
    return means[1:] / (1 - weight ** np.arange(1, len(values) + 1))


def downsample(max_points: int, *columns: Float64[np.ndarray, " points"]) -> Int64[np.ndarray, " kept"]:
    """Return the indices of the minimum and maximum of each of evenly spaced bins, or of all points if they are few.

    The first point, the last point and the extremes of each column are always kept.

    Args:
        max_points: at least 2, and 2 more for each column.
        columns: values of the same points.
    """
    count = len(columns[0])
    if count <= max_points:
        return np.arange(count)
    bins = np.linspace(0, count, (max_points - 2) // (2 * len(columns)) + 1).astype(int)
    kept = {0, count - 1}
    for first, last in pairwise(bins.tolist()):
        for column in columns:
            values = column[first:last]
            kept |= {first + int(values.argmin()), first + int(values.argmax())}
    return np.array(sorted(kept))
