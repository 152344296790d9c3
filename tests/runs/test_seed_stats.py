"""Mean and spread over seeds, and the interval of a share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from digitjax.runs.seed_stats import summarize_seeds, wilson_interval


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_the_spread_is_that_of_numpy_and_scipy(values: list[float]):
    made = summarize_seeds(values)
    assert made.count == len(values)
    assert (made.min, made.max) == (min(values), max(values))
    assert made.mean == pytest.approx(np.mean(values))
    assert made.std == pytest.approx(np.std(values, ddof=1), abs=1e-12)
    if made.std > 1e-9:
        expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
        assert made.interval == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_a_share_is_printed_in_percent():
    assert summarize_seeds([0.98, 0.99]).percent() == "98.50% +- 0.71"


@given(st.integers(1, 60_000), st.data())
def test_wilson_is_that_of_scipy(total: int, data: st.DataObject):
    correct = data.draw(st.integers(0, total))
    expected = stats.binomtest(correct, total).proportion_ci(0.95, method="wilson")
    assert wilson_interval(correct, total) == pytest.approx((expected.low, expected.high), abs=1e-9)
