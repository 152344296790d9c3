"""Calibration metrics equal direct loops and hand-worked cases."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from digitjax.evaluation import metrics, reliability

COUNTS, SEEDS = st.integers(1, 200), st.integers(0, 2**31)


def predictions(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, some of equal confidence, and labels that are often the predicted ones."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (count, 10)).round(1)
    logits = logits[rng.integers(0, count, count)]
    labels = np.where(rng.random(count) < 0.6, logits.argmax(axis=1), rng.integers(0, 10, count))
    return softmax(logits, axis=1), labels


def test_the_reliability_diagram_by_hand():
    """Two images of confidence 0.9, one of them correct, and a correct one of 0.4; five bins."""
    probabilities = np.array([[0.9, 0.1, 0.0], [0.05, 0.9, 0.05], [0.3, 0.3, 0.4]])
    lower, upper = reliability.reliability_diagram(probabilities, np.array([0, 2, 2]), bins=5)
    assert (lower["low"], lower["high"], lower["examples"]) == (0.2, 0.4, 1)
    assert (lower["confidence"], lower["accuracy"]) == (pytest.approx(0.4), 1.0)
    assert (upper["low"], upper["high"], upper["examples"]) == (0.8, 1.0, 2)
    assert (upper["confidence"], upper["accuracy"]) == (pytest.approx(0.9), 0.5)
    z = 1.959964
    half = z * math.sqrt(0.125 + z * z / 16) / (1 + z * z / 2)  # Wilson's interval of 1 in 2 lies around 0.5
    assert upper["interval"] == pytest.approx([0.5 - half, 0.5 + half], rel=1e-5)


def test_the_scores_by_hand():
    probabilities = np.array([[0.8, 0.2, 0.0], [0.5, 0.25, 0.25]])
    labels = np.array([0, 2])
    brier = (0.2**2 + 0.2**2 + 0.5**2 + 0.25**2 + 0.75**2) / 2
    assert reliability.brier_score(probabilities, labels) == pytest.approx(brier)
    likelihood = -(math.log(0.8) + math.log(0.25)) / 2
    assert reliability.negative_log_likelihood(probabilities, labels) == pytest.approx(likelihood)


@given(COUNTS, SEEDS, st.integers(1, 30))
def test_the_bins_hold_every_image_and_give_the_calibration_error(count: int, seed: int, bins: int):
    probabilities, labels = predictions(count, seed)
    rows = reliability.reliability_diagram(probabilities, labels, bins)
    assert sum(row["examples"] for row in rows) == count
    assert all(row["low"] < row["confidence"] <= row["high"] + 1e-12 for row in rows)
    assert all(row["interval"][0] <= row["accuracy"] <= row["interval"][1] for row in rows)
    error = sum(row["examples"] * abs(row["confidence"] - row["accuracy"]) for row in rows) / count
    assert error == pytest.approx(metrics.expected_calibration_error(probabilities, labels, bins), abs=1e-12)


@given(COUNTS, SEEDS, st.integers(1, 300))
def test_risk_and_coverage_against_a_direct_loop(count: int, seed: int, points: int):
    probabilities, labels = predictions(count, seed)
    confidences, incorrect = probabilities.max(axis=1), probabilities.argmax(axis=1) != labels
    risks = []
    for k in range(1, count + 1):
        lowest = np.sort(confidences)[-k]
        above, equal = confidences > lowest, confidences == lowest
        expected = incorrect[above].sum() + (k - above.sum()) * incorrect[equal].mean()
        risks.append((k / count, expected / k, lowest))
    rows = reliability.risk_coverage(probabilities, labels, points)
    assert len(rows) <= min(points, count)
    for row in rows:
        expected_row = risks[round(row["coverage"] * count) - 1]
        assert (row["coverage"], row["risk"], row["confidence"]) == pytest.approx(expected_row)
    area = reliability.area_under_risk_coverage(probabilities, labels)
    assert area == pytest.approx(np.mean([risk for _, risk, _ in risks]))
    assert rows[-1]["coverage"] == 1.0
    assert rows[-1]["risk"] == pytest.approx(incorrect.mean())


@given(COUNTS, SEEDS)
def test_the_scores_against_a_direct_loop(count: int, seed: int):
    probabilities, labels = predictions(count, seed)
    brier, likelihood = 0.0, 0.0
    for row, label in zip(probabilities, labels, strict=True):
        brier += sum((p - (c == label)) ** 2 for c, p in enumerate(row)) / count
        likelihood -= math.log(row[label]) / count
    assert reliability.brier_score(probabilities, labels) == pytest.approx(brier)
    assert reliability.negative_log_likelihood(probabilities, labels) == pytest.approx(likelihood)


@given(COUNTS, SEEDS)
def test_risks_do_not_depend_on_the_order_of_the_images(count: int, seed: int):
    probabilities, labels = predictions(count, seed)
    order = np.random.default_rng(seed).permutation(count)
    original = reliability.risk_coverage(probabilities, labels)
    shuffled = reliability.risk_coverage(probabilities[order], labels[order])
    assert [row["risk"] for row in original] == pytest.approx([row["risk"] for row in shuffled])


def test_equal_confidences_gain_nothing_by_rejection():
    probabilities = np.tile([0.6, 0.4], (10, 1))
    rows = reliability.risk_coverage(probabilities, np.arange(10) % 2)
    assert [row["risk"] for row in rows] == pytest.approx([0.5] * 10)


def test_the_report_shows_the_effect_of_temperature_scaling():
    """Logits ten times too large, which a temperature of 10 corrects."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (5000, 10)).astype(np.float32)
    totals = softmax(logits.astype(float), axis=1).cumsum(axis=1)
    labels = (totals < rng.random((len(logits), 1))).sum(axis=1).clip(max=9)
    report = reliability.calibration_report(10 * logits, labels, 10.0)
    before, after = report["before"], report["after"]
    assert before["ece"] > 0.2
    assert after["ece"] < 0.03
    assert before["brier"] > after["brier"]
    assert before["nll"] > after["nll"]
    unscaled = reliability.calibration_report(logits, labels, 1.0)["before"]
    assert after["nll"] == pytest.approx(unscaled["nll"], abs=1e-5)
    assert report["risk_coverage"][-1]["coverage"] == 1.0
    assert json.loads(json.dumps(report)) == report
