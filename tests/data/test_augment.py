"""Augmentations are pure, and do what they say to every picture."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import Array

from digitjax.config import Augment
from digitjax.data.augment import (
    affine_maps,
    augment,
    blur,
    coarsen,
    elastic_field,
    erase,
    noise,
    sharpen,
    shift,
    thicken,
    warp,
)

IMAGES = jnp.asarray(np.random.default_rng(0).integers(1, 256, (400, 28, 28)), jnp.uint8)
LABELS = jnp.ones(400, jnp.int32)
KEY = jax.random.key(0)
EVERYTHING = Augment(
    shift=2,
    rotation=15.0,
    scale=0.1,
    aspect=0.1,
    shear=10.0,
    elastic=0.5,
    thickness=0.5,
    blur=0.5,
    noise=0.1,
    erase=6,
    glyph_variants=1.0,
    sharpen=0.5,
    low_res=0.5,
    reframe=True,
)
RANDOM = [name for name in vars(EVERYTHING) if name != "reframe"]


def bars(count: int) -> Array:
    """Pictures of an upright bar, 3 pixels wide and 13 long, ink from 0 to 1."""
    return jnp.zeros((count, 28, 28)).at[:, 7:20, 12:15].set(1.0)


def centres_of_mass(ink: np.ndarray) -> np.ndarray:
    """Mean row and column of the ink of each picture, (batch, 2)."""
    places = np.indices(ink.shape[1:])
    return np.einsum("bhw,ihw->bi", ink, places) / ink.sum(axis=(1, 2))[:, None]


def widths(ink: Array) -> np.ndarray:
    """Ink in the middle row of each picture: the width of its bar."""
    return np.asarray(ink[:, 13].sum(axis=1))


def test_a_shift_moves_whole_pictures_and_fills_with_dark():
    shifted = np.asarray(shift(KEY, IMAGES, 1))
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


def test_no_option_changes_nothing():
    np.testing.assert_array_equal(augment(KEY, IMAGES, LABELS, Augment()), IMAGES)


@pytest.mark.parametrize(
    "options",
    [EVERYTHING] + [Augment(**{name: getattr(EVERYTHING, name)}) for name in RANDOM],
    ids=["everything", *RANDOM],
)
def test_every_option_changes_pictures_as_the_key_decides(options: Augment):
    jitted = jax.jit(partial(augment, options=options))
    changed = jitted(KEY, IMAGES, LABELS)
    assert changed.dtype == jnp.uint8
    np.testing.assert_array_equal(changed, jitted(KEY, IMAGES, LABELS))
    assert (np.asarray(changed) != np.asarray(IMAGES)).any(axis=(1, 2)).mean() > 0.4
    assert (np.asarray(changed) != np.asarray(jitted(jax.random.key(1), IMAGES, LABELS))).any()


@settings(max_examples=20)
@given(st.floats(0, 180), st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 40))
def test_maps_stay_within_what_was_asked_for(rotation: float, scale: float, aspect: float, shear: float):
    options = Augment(rotation=rotation, scale=scale, aspect=aspect, shear=shear)
    maps = np.asarray(affine_maps(KEY, 200, options))
    areas = np.linalg.det(maps)  # a rotation, a slant and a change of aspect keep the area
    np.testing.assert_array_less(np.abs(np.log(areas)), 2 * scale + 1e-5)
    if scale > 0.01:
        assert np.abs(np.log(areas)).max() > scale
    if not (scale or aspect or shear):
        np.testing.assert_allclose(
            maps @ maps.swapaxes(1, 2), np.broadcast_to(np.eye(2), maps.shape), atol=1e-5
        )


def test_a_quarter_turn_turns_a_picture():
    turned = jax.vmap(lambda key: warp(key, bars(1), Augment(rotation=90.0))[0])(jax.random.split(KEY, 200))
    most_level = turned.max(axis=2).sum(axis=1).min()
    assert most_level < 5  # of the 13 rows of ink some picture has but a few: its bar lies
    np.testing.assert_allclose(turned.sum(axis=(1, 2)), 39, rtol=0.05)


def test_scale_slant_and_aspect_change_what_they_should():
    def changed(**options: float) -> Array:
        return warp(KEY, bars(200), Augment(**options))

    def heights(ink: Array) -> np.ndarray:
        return np.asarray(ink.max(axis=2).sum(axis=1))

    larger, taller, slanted = changed(scale=0.3), changed(aspect=0.4), changed(shear=30.0)
    assert np.corrcoef(widths(larger), heights(larger))[0, 1] > 0.9
    assert np.corrcoef(widths(taller), heights(taller))[0, 1] < -0.9
    np.testing.assert_allclose(heights(slanted), 13, atol=0.01)
    centres = (slanted * jnp.arange(28)).sum(axis=2) / jnp.maximum(slanted.sum(axis=2), 1e-6)
    assert np.abs(centres[:, 18] - centres[:, 8]).max() > 10 * np.tan(np.deg2rad(25))


@settings(max_examples=20)
@given(st.floats(0, 30), st.floats(0, 0.4), st.floats(0, 20))
def test_a_reframed_digit_has_the_size_and_place_that_the_reader_gives(
    rotation: float, aspect: float, shear: float
):
    options = Augment(rotation=rotation, aspect=aspect, shear=shear, reframe=True)
    off_centre = bars(100).at[:, 16:20, 15:18].set(1.0)  # a bar with a foot
    changed = np.asarray(warp(KEY, off_centre, options))
    inked = changed > 0.4
    sides = np.maximum(inked.any(axis=1).sum(axis=1), inked.any(axis=2).sum(axis=1))
    np.testing.assert_allclose(sides, 20, atol=1.5)
    np.testing.assert_allclose(centres_of_mass(changed), 13.5, atol=0.3)


def test_scale_changes_a_reframed_digit_and_a_blank_picture_stays_blank():
    changed = np.asarray(warp(KEY, bars(200), Augment(scale=0.2, reframe=True)))
    heights = changed.max(axis=2).sum(axis=1)
    assert heights.min() == pytest.approx(20 * np.exp(-0.2), abs=0.7)
    assert heights.max() == pytest.approx(20 * np.exp(0.2), abs=0.7)
    assert not warp(KEY, jnp.zeros((200, 28, 28)), Augment(scale=0.2, reframe=True)).any()


def test_a_share_of_the_pictures_gets_hard_edges():
    grey = blur(KEY, bars(1000), 1.5)
    sharpened = np.asarray(sharpen(KEY, grey, 0.3))
    touched = (sharpened != np.asarray(grey)).any(axis=(1, 2))
    assert touched.mean() == pytest.approx(0.3, abs=0.05)
    assert sharpened.min() >= 0
    assert sharpened.max() <= 1 + 1e-6

    def between(ink: np.ndarray) -> float:
        return ((ink > 0.05) & (ink < 0.95)).mean()

    assert between(sharpened[touched]) < 0.7 * between(np.asarray(grey)[touched])


def test_a_share_of_the_pictures_is_made_of_fewer_pixels():
    fine = jnp.tile(jnp.asarray([[0.0, 1.0], [1.0, 0.0]]), (500, 14, 14))
    coarse = np.asarray(coarsen(KEY, fine, 0.3))
    touched = (np.abs(coarse - np.asarray(fine)) > 0.1).any(axis=(1, 2))
    assert touched.mean() == pytest.approx(0.3, abs=0.06)
    assert (
        np.ptp(coarse[touched][:, 4:-4, 4:-4], axis=(1, 2)).max() < 0.7
    )  # finer than the pixels that are left
    broad = np.asarray(coarsen(KEY, bars(50), 1.0))
    np.testing.assert_allclose(broad.sum(axis=(1, 2)), np.asarray(bars(50)).sum(axis=(1, 2)), rtol=0.1)


def test_elastic_displacements_are_smooth_and_of_the_size_asked_for():
    field = np.asarray(elastic_field(KEY, (400, 2, 28, 28), 0.7))
    assert field.std() == pytest.approx(0.7, rel=0.3)
    assert np.abs(np.diff(field, axis=3)).mean() < 0.3 * np.abs(field).mean()


def test_strokes_become_up_to_so_much_wider_or_narrower():
    changed = widths(thicken(KEY, bars(500), 1.0))
    assert changed.min() == pytest.approx(1, abs=0.05)
    assert changed.max() == pytest.approx(5, abs=0.05)
    assert 2.5 < np.median(changed) < 3.5


def test_a_blur_spreads_ink_and_keeps_its_amount():
    blurred = np.asarray(blur(KEY, bars(100), 1.5))
    np.testing.assert_allclose(blurred.sum(axis=(1, 2)), 39, rtol=1e-3)
    assert 0.6 < blurred.max(axis=(1, 2)).min() < 0.95
    assert blurred.max(axis=(1, 2)).max() > 0.99


def test_noise_differs_in_strength_from_picture_to_picture():
    spreads = np.asarray(noise(KEY, bars(300), 0.3) - bars(300)).std(axis=(1, 2))
    assert spreads.min() < 0.03
    assert 0.27 < spreads.max() < 0.32


def test_an_erased_rectangle_is_dark_and_no_larger_than_asked_for():
    lost = np.asarray(erase(KEY, jnp.ones((500, 28, 28)), 6)) == 0
    rows, columns = lost.any(axis=2).sum(axis=1), lost.any(axis=1).sum(axis=1)
    np.testing.assert_array_equal(lost.sum(axis=(1, 2)), rows * columns)
    assert rows.max() == columns.max() == 6
