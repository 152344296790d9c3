"""Statistics over seeds and the interval of a proportion equal those of NumPy and SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from digitjax.runs.seed_stats import summarize_seeds, wilson_interval


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_statistics_over_seeds_equal_numpy_and_scipy(values: list[float]):
    seed_stats = summarize_seeds(values)
    assert seed_stats.count == len(values)
    assert (seed_stats.min, seed_stats.max) == (min(values), max(values))
    assert seed_stats.mean == pytest.approx(np.mean(values))
    assert seed_stats.std == pytest.approx(np.std(values, ddof=1), abs=1e-12)
    if seed_stats.std > 1e-9:
        expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
        assert seed_stats.interval == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_a_proportion_is_printed_in_percent():
    assert summarize_seeds([0.98, 0.99]).percent() == "98.50% ± 0.71"


@given(st.integers(1, 60_000), st.data())
def test_wilson_interval_equals_scipy(total: int, data: st.DataObject):
    correct = data.draw(st.integers(0, total))
    expected = stats.binomtest(correct, total).proportion_ci(0.95, method="wilson")
    assert wilson_interval(correct, total) == pytest.approx((expected.low, expected.high), abs=1e-9)
