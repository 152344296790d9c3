"""Smoothing, averaging and downsampling of curves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digitjax.runs.log_reader import TrainingLog
from digitjax.visualization.curves import aggregate_curve, downsample, smooth

VALUES = arrays(
    np.float64, st.integers(1, 200), elements=st.floats(-1e6, 1e6, allow_nan=False, allow_subnormal=False)
)


def log(*rows: tuple[float, float]) -> TrainingLog:
    """Return the log of some steps and losses, with epochs of 10 steps and steps of 2 seconds."""
    table = [[step, 1.0, 2.0 * step, loss, *[np.nan] * 4] for step, loss in rows]
    return TrainingLog(train=np.array(table).reshape(-1, 8), steps_per_epoch=10.0)


@given(VALUES, st.floats(0.0, 0.99))
def test_smoothing_starts_at_the_first_value_and_stays_in_the_range(values, weight):
    smoothed = smooth(values, weight)
    slack = 1e-9 * (1 + np.abs(values).max())
    assert smoothed[0] == pytest.approx(values[0], abs=slack)
    seen = np.maximum.accumulate(values) + slack, np.minimum.accumulate(values) - slack
    assert ((smoothed <= seen[0]) & (smoothed >= seen[1])).all()


@given(VALUES)
def test_a_weight_of_zero_changes_nothing(values):
    assert (smooth(values, 0.0) == values).all()


def test_smoothing_is_a_weighted_mean_of_earlier_values():
    smoothed = smooth(np.array([4.0, 1.0, 2.0]), 0.5)
    assert smoothed.tolist() == pytest.approx([4.0, (4 + 2 * 1) / 3, (4 + 2 * 1 + 4 * 2) / 7])
    assert smooth(np.array([]), 0.5).tolist() == []


@given(VALUES, VALUES, st.integers(6, 60))
def test_downsampling_keeps_the_ends_and_the_extremes(first, second, max_points):
    count = min(len(first), len(second))
    columns = first[:count], second[:count]
    kept = downsample(max_points, *columns)
    assert len(kept) <= max_points
    assert (np.diff(kept) > 0).all()
    assert {0, count - 1} <= set(kept.tolist())
    for column in columns:
        assert column[kept].min() == column.min()
        assert column[kept].max() == column.max()
    if count <= max_points:
        assert len(kept) == count


def test_downsampling_is_even():
    kept = downsample(102, np.sin(np.arange(10_000.0)))
    assert len(kept) > 90
    assert np.diff(kept).max() < 400


def test_seeds_are_aggregated_by_step_and_smoothed_separately():
    logs = [log((1, 4.0), (2, 2.0), (3, 1.0)), log((1, 8.0), (2, 8.0))]
    curve = aggregate_curve(logs, "train", "loss")
    assert curve.step.tolist() == [1, 2, 3]
    assert curve.epoch.tolist() == [0.1, 0.2, 0.3]
    assert curve.seconds.tolist() == [2, 4, 6]
    assert curve.mean.tolist() == [6, 5, 1]
    assert (curve.low.tolist(), curve.high.tolist()) == ([4, 2, 1], [8, 8, 1])
    assert curve.runs.tolist() == [2, 2, 1]
    smoothed = aggregate_curve(logs, "train", "loss", 0.5)
    assert smoothed.low.tolist() == smooth(np.array([4.0, 2.0, 1.0]), 0.5).tolist()
    assert smoothed.high.tolist() == pytest.approx([8, 8, smoothed.low[2]])


def test_values_that_are_not_finite_are_left_out():
    curve = aggregate_curve([log((1, np.nan), (2, 3.0), (3, np.inf), (4, 5.0))], "train", "loss", 0.5)
    assert curve.step.tolist() == [2, 4]
    assert np.isfinite(curve.mean).all()


def test_an_empty_log_has_an_empty_curve():
    assert aggregate_curve([log()], "train", "loss").mean.tolist() == []
    assert aggregate_curve([log((1, 1.0))], "train", "accuracy", 0.5).mean.tolist() == []
