"""Metrics equal direct computations and hand-worked cases."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitjax.evaluation import metrics

LABELS = np.array([0, 0, 1, 1, 2])
PREDICTED = np.array([0, 1, 1, 1, 0])
LOGITS = np.log(np.full((5, 10), 0.02))
LOGITS[np.arange(5), PREDICTED] = math.log(0.82)


def test_a_summary_by_hand():
    summary = metrics.summarize(LOGITS, LABELS)
    assert (summary["examples"], summary["correct"], summary["accuracy"]) == (5, 3, 0.6)
    assert summary["loss"] == pytest.approx(-(3 * math.log(0.82) + 2 * math.log(0.02)) / 5)
    assert summary["expected_calibration_error"] == pytest.approx(0.82 - 0.6)
    assert [row[:3] for row in summary["confusion"][:3]] == [[1, 1, 0], [0, 2, 0], [1, 0, 0]]
    zero, one, two = summary["per_class"][:3]
    assert (zero["precision"], zero["recall"], zero["f1"], zero["examples"]) == (0.5, 0.5, 0.5, 2)
    assert (one["precision"], one["recall"]) == (pytest.approx(2 / 3), 1.0)
    assert (two["precision"], two["recall"], two["f1"], two["examples"]) == (0.0, 0.0, 0.0, 1)


def test_top_2_accuracy_counts_the_second_likeliest_digit():
    logits = np.zeros((2, 10))
    logits[:, 3], logits[:, 5] = 2, 1
    assert metrics.summarize(logits, np.array([5, 7]))["top2_accuracy"] == 0.5


@pytest.mark.parametrize(
    ("predicted", "label", "distance"),
    [("", "", 0), ("", "123", 3), ("12", "123", 1), ("133", "123", 1), ("213", "123", 2), ("1123", "23", 2)],
)
def test_edit_distance_by_hand(predicted: str, label: str, distance: int):
    assert metrics.edit_distance(predicted, label) == distance


DIGITS = st.text("012", max_size=6)


@given(DIGITS, DIGITS, DIGITS)
def test_edit_distance_is_a_metric(a: str, b: str, c: str):
    distance = metrics.edit_distance
    assert (distance(a, b) == 0) == (a == b)
    assert distance(a, b) == distance(b, a)
    assert abs(len(a) - len(b)) <= distance(a, b) <= max(len(a), len(b))
    assert distance(a, c) <= distance(a, b) + distance(b, c)
    assert distance(a + c, b + c) == distance(a, b)


@given(st.integers(1, 200), st.integers(0, 2**31))
def test_calibration_error_is_the_sum_over_bins(count: int, seed: int):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(10, 0.3), count)
    labels = rng.integers(0, 10, count)
    expected = 0.0
    for b in range(15):
        confidence = probabilities.max(axis=1)
        inside = (confidence > b / 15) & (confidence <= (b + 1) / 15)
        if inside.any():
            hits = (probabilities.argmax(axis=1) == labels)[inside]
            expected += inside.mean() * abs(hits.mean() - confidence[inside].mean())
    assert metrics.expected_calibration_error(probabilities, labels) == pytest.approx(expected, abs=1e-12)


def test_a_confident_and_correct_classifier_is_calibrated():
    assert metrics.expected_calibration_error(np.eye(10), np.arange(10)) == 0.0


def test_the_printed_summary_has_the_accuracy_and_the_confusions():
    text = metrics.format_summary(metrics.summarize(LOGITS, LABELS))
    assert "accuracy   60.00%  (3 of 5; 95% CI 23.07% to 88.24%)" in text
    assert "most confused: 0 predicted as 1 (1), 2 predicted as 0 (1)" in text
    perfect = metrics.summarize(np.eye(10) * 9, np.arange(10))
    assert "most confused" not in metrics.format_summary(perfect)
