"""Whether a difference is more than chance: the tests behind a comparison, SciPy's where they exist."""

import math

from scipy import stats
from scipy.special import stdtr, stdtrit

from digitjax.runs.seed_stats import SeedStats

SIGNIFICANT = 0.05
"""Probability, if there were no difference, under which one is spoken of."""


def mcnemar(fixed: int, broken: int) -> float:
    """Return the p-value of McNemar's exact test (McNemar 1947).

    Of the pictures that one of two models alone gets right, as many fall to either model if they are equally good:
    how probable is it that they fall as unevenly as they did, or more so?
    """
    return float(stats.binomtest(fixed, fixed + broken).pvalue) if fixed + broken else 1.0


def welch(a: SeedStats, b: SeedStats) -> tuple[tuple[float, float], float] | None:
    """Return the 95 % interval of the difference of two means, b less a, and the p-value of Welch's test (Welch 1947).

    For numbers that are normally distributed. There is neither where the numbers of each do not differ.
    """
    variances = a.std**2 / a.count, b.std**2 / b.count
    error = math.sqrt(sum(variances))
    if not error:
        return None
    freedom = sum(variances) ** 2 / (variances[0] ** 2 / (a.count - 1) + variances[1] ** 2 / (b.count - 1))
    difference, half = b.mean - a.mean, float(stdtrit(freedom, 0.975)) * error
    p_value = 2 * float(stdtr(freedom, -abs(difference) / error))
    return (difference - half, difference + half), p_value


def verdict(p_value: float) -> str:
    """Say what a p-value says: `p = 0.36: no sign of a difference`."""
    said = "p < 0.0001" if p_value < 1e-4 else f"p = {p_value:.2g}"
    return f"{said}: {'unlikely to be chance' if p_value < SIGNIFICANT else 'no sign of a difference'}"
