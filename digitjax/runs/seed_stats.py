"""Uncertainty of a metric: statistics over seeds, and the confidence interval of a proportion."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SeedStats:
    """Statistics of a metric over seeds."""

    count: int
    mean: float
    std: float
    """Sample standard deviation, with n - 1."""
    interval: tuple[float, float]
    """95% confidence interval of the mean (Student 1908), for normally distributed values."""
    min: float
    max: float

    def percent(self) -> str:
        """Return mean and standard deviation of a proportion in percent: `98.24% ± 0.16`."""
        return f"{self.mean:.2%} ± {100 * self.std:.2f}"


def summarize_seeds(values: Sequence[float]) -> SeedStats:
    """Return the statistics of two or more values."""
    from scipy.special import stdtrit  # imported here, since listing runs needs no SciPy

    count, mean, std = len(values), statistics.fmean(values), statistics.stdev(values)
    half_width = float(stdtrit(count - 1, 0.975)) * std / count**0.5
    return SeedStats(count, mean, std, (mean - half_width, mean + half_width), min(values), max(values))


def wilson_interval(correct: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion (Wilson 1927).

    SciPy has it too, but importing SciPy takes longer than listing runs.

    Args:
        correct: number of successes.
        total: number of trials, at least one.
        confidence: confidence level.
    """
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = correct / total, z**2 / total
    center, half_width = share + weight / 2, (weight * (share * (1 - share) + weight / 4)) ** 0.5
    low, high = (center - half_width) / (1 + weight), (center + half_width) / (1 + weight)
    return (low if correct else 0.0), (high if correct < total else 1.0)


def format_metric(metric: str, value: float | SeedStats) -> str:
    """Return an accuracy in percent, an error with five decimals: `98.24% ± 0.16`, `0.01203 ± 0.00010`.

    Args:
        metric: `accuracy` or `error`.
        value: a number, or its statistics over seeds.
    """
    if metric == "accuracy":
        return value.percent() if isinstance(value, SeedStats) else f"{value:.2%}"
    return f"{value.mean:.5f} ± {value.std:.5f}" if isinstance(value, SeedStats) else f"{value:.5f}"
