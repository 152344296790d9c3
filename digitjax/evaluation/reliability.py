"""How far the confidences of a classifier can be trusted: calibration, and what rejecting the least sure gains."""

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
    """Return what a temperature makes of the confidences of a set of predictions, ready for JSON.

    Args:
        logits: of a classifier, as they come.
        labels: int (n,), at least one.
        temperature: what the logits are divided by (Guo et al. 2017, arXiv 1706.04599), such as that of
            `digitjax.model.calibration.read`; 1 changes nothing.

    Returns:
        `temperature`; `before` and `after` it, each with `ece`, `brier`, `nll` (nats a picture), `aurc` and the rows
        of `reliability`; and after it the rows of `risk_coverage`.
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
        "reliability": reliability(probabilities, labels),
    }


def reliability(
    probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"], bins: int = 15
) -> list[dict[str, Any]]:
    """Return the rows of a reliability diagram (Niculescu-Mizil and Caruana 2005), ready for JSON.

    The bins are those of the expected calibration error; empty ones are left out.

    Returns:
        Of each bin its bounds `low` and `high`, the mean `confidence`, the `accuracy` with its 95 % `interval`
        (Wilson 1927), and how many `pictures` it holds.
    """
    confidences = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    bin_of = confidence_bins(confidences, bins)
    rows = []
    for b in np.unique(bin_of).tolist():
        inside = bin_of == b
        hits, pictures = int(correct[inside].sum()), int(inside.sum())
        row = {"low": b / bins, "high": (b + 1) / bins, "confidence": float(confidences[inside].mean())}
        interval = list(wilson_interval(hits, pictures))
        rows.append({**row, "accuracy": hits / pictures, "interval": interval, "examples": pictures})
    return rows


def brier_score(probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]) -> float:
    """Return the mean squared distance, 0 to 2, of the probabilities and the labels as one-hot (Brier 1950)."""
    classes = np.arange(probabilities.shape[1])
    return float(sk.brier_score_loss(labels, probabilities, labels=classes, scale_by_half=False))


def negative_log_likelihood(
    probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]
) -> float:
    """Return the mean negative logarithm of the probabilities of the true classes, in nats."""
    return float(sk.log_loss(labels, probabilities, labels=np.arange(probabilities.shape[1])))


def risk_coverage(
    probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"], points: int = 200
) -> list[dict[str, float]]:
    """Return the risk of answering only where the classifier is sure (El-Yaniv and Wiener 2010), ready for JSON.

    Returns:
        Of up to `points` coverages, evenly spread up to 1: the `coverage`, the share of pictures that are answered;
        the `risk`, the share of wrong answers among them; and the lowest `confidence` that is still answered.
    """
    confidences, risks = _risks(probabilities, labels)
    count = len(risks)
    answered = np.unique(np.linspace(count, 1, points).round().astype(int))
    return [
        {"coverage": k / count, "risk": float(risks[k - 1]), "confidence": float(confidences[k - 1])}
        for k in answered.tolist()
    ]


def area_under_risk_coverage(
    probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]
) -> float:
    """Return the mean risk over all coverages, AURC (Geifman et al. 2019, arXiv 1805.08206)."""
    return float(_risks(probabilities, labels)[1].mean())


def _risks(
    probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return the confidences from the highest down, and the risk of answering so many.

    No threshold tells equal confidences apart: each of them counts as wrong as they are on average.
    """
    descending, group = np.unique(-probabilities.max(axis=1), return_inverse=True)
    wrong = np.bincount(group, weights=probabilities.argmax(axis=1) != labels)
    sizes = np.bincount(group)
    risks = np.repeat(wrong / sizes, sizes).cumsum() / np.arange(1, len(labels) + 1)
    return -np.repeat(descending, sizes), risks
