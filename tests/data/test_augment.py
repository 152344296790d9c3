"""Augmentations are pure, and do what they say to every picture."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from digitjax.config import Augment
from digitjax.data.augment import augment, shift

IMAGES = jnp.asarray(np.random.default_rng(0).integers(1, 256, (400, 28, 28)), jnp.uint8)


def test_a_shift_moves_whole_pictures_and_fills_with_dark():
    shifted = np.asarray(shift(jax.random.key(0), IMAGES, 1))
    moves = set()
    for before, after in zip(np.asarray(IMAGES), shifted, strict=True):
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                moved = np.zeros((30, 30), np.uint8)
                moved[1 + dy : 29 + dy, 1 + dx : 29 + dx] = before
                if (moved[1:29, 1:29] == after).all():
                    moves.add((dy, dx))
                    break
            else:
                continue
            break
        else:
            pytest.fail("a picture was changed in another way")
    assert len(moves) == 9


def test_no_option_changes_nothing_and_a_key_decides():
    key, other = jax.random.split(jax.random.key(0))
    np.testing.assert_array_equal(augment(key, IMAGES, Augment()), IMAGES)
    options = Augment(shift=2)
    np.testing.assert_array_equal(augment(key, IMAGES, options), augment(key, IMAGES, options))
    assert (np.asarray(augment(key, IMAGES, options)) != np.asarray(augment(other, IMAGES, options))).any()
