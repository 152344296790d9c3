"""Broken strokes and edges of neighbors: what segmentation does to digits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from digitjax.config import Augment
from digitjax.data.augment import augment
from digitjax.data.segmentation_errors import add_neighbors, break_strokes

KEY = jax.random.key(0)
BARS = jnp.zeros((300, 28, 28)).at[:, 4:24, 12:15].set(1.0)


def test_a_break_erases_a_straight_gap_of_some_images():
    changed = np.asarray(break_strokes(KEY, BARS, 0.5))
    assert changed.min() >= 0
    assert (changed <= np.asarray(BARS)).all()
    erased = (np.asarray(BARS) - changed).sum(axis=(1, 2))
    assert 0.25 < (erased > 0.5).mean() < 0.6  # a gap may miss the bar
    assert np.percentile(erased[erased > 0.5], 90) < 3 * 20  # columns of the bar, and its rows


def test_a_neighbor_adds_up_to_four_columns_at_the_left_or_right():
    changed = np.asarray(add_neighbors(KEY, BARS, 1.0))
    added = changed - np.asarray(BARS)
    assert added.min() >= 0
    columns = (added.max(axis=1) > 0.5).sum(axis=1)
    assert columns.max() <= 4
    assert (columns > 0).mean() > 0.8
    left, right = added[:, :, :12].any(axis=(1, 2)), added[:, :, 15:].any(axis=(1, 2))
    assert not (left & right).any()
    assert 0.3 < left.mean() < 0.6
    assert 0.3 < right.mean() < 0.6


@pytest.mark.parametrize("option", ["breaks", "neighbors"])
def test_the_options_are_probabilities_of_a_change(option: str):
    images = jnp.asarray(255 * BARS, jnp.uint8)
    labels = jnp.ones(len(images), jnp.int32)
    np.testing.assert_array_equal(augment(KEY, images, labels, Augment(**{option: 0.0})), images)
    changed = augment(KEY, images, labels, Augment(**{option: 0.5}))
    assert 0.2 < float((changed != images).any(axis=(1, 2)).mean()) < 0.65
