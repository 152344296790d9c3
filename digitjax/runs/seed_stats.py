"""How sure a number is: what several seeds make of it, and what the number of pictures leaves open."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SeedStats:
    """Mean and spread of a number over seeds."""

    count: int
    mean: float
    std: float
    """Standard deviation of the sample, with n - 1."""
    interval: tuple[float, float]
    """95 % interval of the mean (Student 1908), for numbers that are normally distributed."""
    min: float
    max: float

    def percent(self) -> str:
        """Return mean and standard deviation of a share: `98.24% +- 0.16`."""
        return f"{self.mean:.2%} +- {100 * self.std:.2f}"


def summarize_seeds(values: Sequence[float]) -> SeedStats:
    """Return mean and spread of two or more numbers."""
    from scipy.special import stdtrit  # late, since a list of runs need not wait for SciPy

    count, mean, std = len(values), statistics.fmean(values), statistics.stdev(values)
    half = float(stdtrit(count - 1, 0.975)) * std / count**0.5
    return SeedStats(count, mean, std, (mean - half, mean + half), min(values), max(values))


def wilson_interval(correct: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval of a share of one or more (Wilson 1927).

    SciPy has it too, but importing that takes longer than all that lists runs and logs trainings.
    """
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = correct / total, z**2 / total
    centre, half = share + weight / 2, (weight * (share * (1 - share) + weight / 4)) ** 0.5
    low, high = (centre - half) / (1 + weight), (centre + half) / (1 + weight)
    return (low if correct else 0.0), (high if correct < total else 1.0)


def format_measure(measure: str, value: float | SeedStats) -> str:
    """Write an accuracy in per cent and an error with five decimals: `98.24% +- 0.16`, `0.01203 +- 0.00010`."""
    if measure == "accuracy":
        return value.percent() if isinstance(value, SeedStats) else f"{value:.2%}"
    return f"{value.mean:.5f} +- {value.std:.5f}" if isinstance(value, SeedStats) else f"{value:.5f}"
