"""Metrics of a classifier, from scikit-learn and SciPy where they have them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from digitjax.runs.seed_stats import wilson_interval


def summarize(logits: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]) -> dict[str, Any]:
    """Return the metrics of a set of predictions, ready for JSON.

    Args:
        logits: float (n, classes).
        labels: the true classes, int (n,), at least one.
    """
    from sklearn import metrics as sk  # only here, as its import takes most of a second

    classes = np.arange(logits.shape[1])
    probabilities = special.softmax(logits.astype(np.float64), axis=1)
    predicted = probabilities.argmax(axis=1)
    correct = int((predicted == labels).sum())
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        labels, predicted, labels=classes, zero_division=0.0
    )
    low, high = wilson_interval(correct, len(labels))
    return {
        "examples": len(labels),
        "correct": correct,
        "accuracy": correct / len(labels),
        "accuracy_interval": [low, high],
        "top2_accuracy": float(sk.top_k_accuracy_score(labels, probabilities, k=2, labels=classes)),
        "loss": float(sk.log_loss(labels, probabilities, labels=classes)),
        "expected_calibration_error": expected_calibration_error(probabilities, labels),
        "per_class": [
            {"digit": int(c), "precision": float(p), "recall": float(r), "f1": float(f), "examples": int(n)}
            for c, p, r, f, n in zip(classes, precision, recall, f1, support, strict=True)
        ],
        "confusion": sk.confusion_matrix(labels, predicted, labels=classes).tolist(),
    }


def edit_distance(predicted: str, label: str) -> int:
    """Return the edit distance of two strings (Levenshtein 1966).

    Args:
        predicted: the recognized text.
        label: the true text.

    Returns:
        The least number of characters to insert, delete or replace to turn one into the other.
    """
    distances = list(range(len(label) + 1))
    for i, a in enumerate(predicted, 1):
        diagonal, distances[0] = distances[0], i
        for j, b in enumerate(label, 1):
            nearest = min(distances[j] + 1, distances[j - 1] + 1, diagonal + (a != b))
            diagonal, distances[j] = distances[j], nearest
    return distances[-1]


def expected_calibration_error(
    probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"], bins: int = 15
) -> float:
    """Return the expected calibration error: the mean distance of confidence and accuracy over bins of equal width.

    Args:
        probabilities: float (n, classes).
        labels: the true classes, int (n,).
        bins: number of bins; 15 as in Guo et al. (2017, arXiv 1706.04599).
    """
    confidences = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    gaps = np.bincount(confidence_bins(confidences, bins), weights=confidences - correct)
    return float(np.abs(gaps).sum() / len(labels))


def confidence_bins(confidences: Float[np.ndarray, " n"], bins: int) -> Int[np.ndarray, " n"]:
    """Return the bin of each confidence: bin b, from 0, holds those in (b / bins, (b + 1) / bins].

    Args:
        confidences: probabilities of the predicted classes, float (n,).
        bins: number of bins.
    """
    return np.clip(np.ceil(confidences * bins).astype(int) - 1, 0, bins - 1)


def format_summary(summary: Mapping[str, Any]) -> str:
    """Format a summary for a terminal: the main metrics, a line for each digit, the most frequent confusions."""
    low, high = summary["accuracy_interval"]
    lines = [
        f"accuracy   {summary['accuracy']:.2%}  ({summary['correct']:,} of {summary['examples']:,}; "
        f"95% CI {low:.2%} to {high:.2%})",
        f"top 2      {summary['top2_accuracy']:.2%}",
        f"loss       {summary['loss']:.4f}",
        f"ECE        {summary['expected_calibration_error']:.2%}  (before temperature scaling)",
        "",
        "digit  precision  recall      F1    images",
    ]
    lines += [
        f"{row['digit']:>5}  {row['precision']:>9.2%}  {row['recall']:>6.2%}  {row['f1']:>6.2%}  {row['examples']:>8,}"
        for row in summary["per_class"]
    ]
    confusion = np.array(summary["confusion"])
    np.fill_diagonal(confusion, 0)
    worst = np.argsort(-confusion, axis=None, kind="stable")[:5]
    pairs = [(*divmod(int(i), len(confusion)), int(confusion.flat[i])) for i in worst if confusion.flat[i]]
    if pairs:
        lines += [
            "",
            "most confused: "
            + ", ".join(f"{label} predicted as {predicted} ({n})" for label, predicted, n in pairs),
        ]
    return "\n".join(lines)
