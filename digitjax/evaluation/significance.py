"""Significance tests of a difference between two models, from SciPy where it has them."""

import math

from scipy import stats
from scipy.special import stdtr, stdtrit

from digitjax.runs.seed_stats import SeedStats

SIGNIFICANCE_LEVEL = 0.05
"""P-value below which a difference is called significant; the convention, not tuned."""


def mcnemar(improved: int, regressed: int) -> float:
    """Return the p-value of McNemar's exact test (McNemar 1947) of two classifiers on the same images.

    If both are equally good, each image that only one of them classifies correctly is as likely to be an improvement
    as a regression. The p-value is the probability of a split at least as uneven as the observed one.

    Args:
        improved: number of images that only the second model classifies correctly.
        regressed: number of images that only the first model classifies correctly.
    """
    differing = improved + regressed
    return float(stats.binomtest(improved, differing).pvalue) if differing else 1.0


def welch(a: SeedStats, b: SeedStats) -> tuple[tuple[float, float], float] | None:
    """Test the difference of two means by Welch's t-test (Welch 1947), which assumes normally distributed values.

    Args:
        a: values of the first group of seeds.
        b: values of the second.

    Returns:
        The 95% confidence interval of the difference, b minus a, and the p-value; None if neither group varies.
    """
    variances = a.std**2 / a.count, b.std**2 / b.count
    error = math.sqrt(sum(variances))
    if not error:
        return None
    freedom = sum(variances) ** 2 / (variances[0] ** 2 / (a.count - 1) + variances[1] ** 2 / (b.count - 1))
    difference, half_width = b.mean - a.mean, float(stdtrit(freedom, 0.975)) * error
    p_value = 2 * float(stdtr(freedom, -abs(difference) / error))
    return (difference - half_width, difference + half_width), p_value


def describe_p_value(p_value: float) -> str:
    """Return a p-value with its interpretation: `p = 0.36: no sign of a difference`."""
    text = "p < 0.0001" if p_value < 1e-4 else f"p = {p_value:.2g}"
    return f"{text}: {'unlikely to be chance' if p_value < SIGNIFICANCE_LEVEL else 'no sign of a difference'}"
