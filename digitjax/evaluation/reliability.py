"""Calibration of a classifier's confidences, and the gain from rejecting its least confident predictions."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.special import softmax
from sklearn import metrics as sk

from digitjax.evaluation.metrics import confidence_bins, expected_calibration_error
from digitjax.runs.seed_stats import wilson_interval


def calibration_report(
    logits: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"], temperature: float
) -> dict[str, Any]:
    """Return the calibration of a set of predictions before and after temperature scaling, ready for JSON.

    Args:
        logits: of a classifier, not yet scaled.
        labels: the true classes, int (n,), at least one.
        temperature: what the logits are divided by (Guo et al. 2017, arXiv 1706.04599), such as that of
            `digitjax.model.calibration.read`; 1 changes nothing.

    Returns:
        `temperature`; `before` and `after`, each with `ece`, `brier`, `nll` (nats per image), `aurc` and the rows of
        `reliability_diagram` as `reliability`; and `risk_coverage` after scaling.
    """
    exact = logits.astype(np.float64)
    before, after = softmax(exact, axis=1), softmax(exact / temperature, axis=1)
    return {
        "temperature": float(temperature),
        "before": _measure(before, labels),
        "after": _measure(after, labels),
        "risk_coverage": risk_coverage(after, labels),
    }


def _measure(probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]) -> dict[str, Any]:
    return {
        "ece": expected_calibration_error(probabilities, labels),
        "brier": brier_score(probabilities, labels),
        "nll": negative_log_likelihood(probabilities, labels),
        "aurc": area_under_risk_coverage(probabilities, labels),
        "reliability": reliability_diagram(probabilities, labels),
    }


def reliability_diagram(
    probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"], bins: int = 15
) -> list[dict[str, Any]]:
    """Return the rows of a reliability diagram (Niculescu-Mizil and Caruana 2005), ready for JSON.

    The bins are those of the expected calibration error; empty ones are left out.

    Args:
        probabilities: float (n, classes).
        labels: the true classes, int (n,).
        bins: number of bins of equal width.

    Returns:
        For each bin its bounds `low` and `high`, the mean `confidence`, the `accuracy` with its 95% confidence
        `interval` (Wilson 1927), and the number of `examples`.
    """
    confidences = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    bin_of = confidence_bins(confidences, bins)
    rows = []
    for b in np.unique(bin_of).tolist():
        inside = bin_of == b
        hits, examples = int(correct[inside].sum()), int(inside.sum())
        row = {"low": b / bins, "high": (b + 1) / bins, "confidence": float(confidences[inside].mean())}
        interval = list(wilson_interval(hits, examples))
        rows.append({**row, "accuracy": hits / examples, "interval": interval, "examples": examples})
    return rows


def brier_score(probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]) -> float:
    """Return the Brier score (Brier 1950): the mean squared distance, 0 to 2, of probabilities and one-hot labels.

    Args:
        probabilities: float (n, classes).
        labels: the true classes, int (n,).
    """
    classes = np.arange(probabilities.shape[1])
    return float(sk.brier_score_loss(labels, probabilities, labels=classes, scale_by_half=False))


def negative_log_likelihood(
    probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]
) -> float:
    """Return the mean negative logarithm of the probabilities of the true classes, in nats.

    Args:
        probabilities: float (n, classes).
        labels: the true classes, int (n,).
    """
    return float(sk.log_loss(labels, probabilities, labels=np.arange(probabilities.shape[1])))


def risk_coverage(
    probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"], points: int = 200
) -> list[dict[str, float]]:
    """Return the risk-coverage curve of selective classification (El-Yaniv and Wiener 2010), ready for JSON.

    Args:
        probabilities: float (n, classes).
        labels: the true classes, int (n,).
        points: how many coverages to return at most, evenly spaced up to 1.

    Returns:
        For each point the `coverage`, the share of images whose prediction is accepted; the `risk`, the error rate
        among them; and the lowest `confidence` that is still accepted.
    """
    confidences, risks = _risks(probabilities, labels)
    count = len(risks)
    accepted = np.unique(np.linspace(count, 1, points).round().astype(int))
    return [
        {"coverage": k / count, "risk": float(risks[k - 1]), "confidence": float(confidences[k - 1])}
        for k in accepted.tolist()
    ]


def area_under_risk_coverage(
    probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]
) -> float:
    """Return the area under the risk-coverage curve, AURC (Geifman et al. 2019, arXiv 1805.08206).

    Args:
        probabilities: float (n, classes).
        labels: the true classes, int (n,).
    """
    return float(_risks(probabilities, labels)[1].mean())


def _risks(
    probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return the confidences in descending order, and the risk of accepting the first 1, 2, ..., n predictions.

    No threshold separates equal confidences: each of them counts with their mean error rate.
    """
    descending, group = np.unique(-probabilities.max(axis=1), return_inverse=True)
    errors = np.bincount(group, weights=probabilities.argmax(axis=1) != labels)
    sizes = np.bincount(group)
    risks = np.repeat(errors / sizes, sizes).cumsum() / np.arange(1, len(labels) + 1)
    return -np.repeat(descending, sizes), risks
