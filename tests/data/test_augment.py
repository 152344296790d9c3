"""Augmentations are pure functions, and change every image as they say."""

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
    add_noise,
    augment,
    blur,
    erase,
    reduce_resolution,
    sharpen,
    thicken,
)
from digitjax.data.warp import affine_maps, elastic_field, shift, warp

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
    breaks=0.5,
    neighbors=0.5,
)
RANDOM = [name for name in vars(EVERYTHING) if name not in ("reframe", "neighbors")]


def bars(count: int) -> Array:
    """Images of a vertical bar of intensity 1, 3 pixels wide and 13 high."""
    return jnp.zeros((count, 28, 28)).at[:, 7:20, 12:15].set(1.0)


def centers_of_mass(images: np.ndarray) -> np.ndarray:
    """Row and column of the center of mass of each image, (batch, 2)."""
    coordinates = np.indices(images.shape[1:])
    return np.einsum("bhw,ihw->bi", images, coordinates) / images.sum(axis=(1, 2))[:, None]


def widths(images: Array) -> np.ndarray:
    """Sum of the middle row of each image: the width of its bar."""
    return np.asarray(images[:, 13].sum(axis=1))


def test_a_shift_moves_whole_images_and_fills_up_with_zeros():
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
            pytest.fail("an image was changed in another way")
    assert len(moves) == 9


def test_without_options_nothing_is_changed():
    np.testing.assert_array_equal(augment(KEY, IMAGES, LABELS, Augment()), IMAGES)


@pytest.mark.parametrize(
    "options",
    [EVERYTHING] + [Augment(**{name: getattr(EVERYTHING, name)}) for name in RANDOM],
    ids=["everything", *RANDOM],
)
def test_every_option_changes_images_as_the_key_decides(options: Augment):
    jitted = jax.jit(partial(augment, options=options))
    changed = jitted(KEY, IMAGES, LABELS)
    assert changed.dtype == jnp.uint8
    np.testing.assert_array_equal(changed, jitted(KEY, IMAGES, LABELS))
    assert (np.asarray(changed) != np.asarray(IMAGES)).any(axis=(1, 2)).mean() > 0.4
    assert (np.asarray(changed) != np.asarray(jitted(jax.random.key(1), IMAGES, LABELS))).any()


@settings(max_examples=20)
@given(st.floats(0, 180), st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 40))
def test_affine_maps_stay_within_their_ranges(rotation: float, scale: float, aspect: float, shear: float):
    options = Augment(rotation=rotation, scale=scale, aspect=aspect, shear=shear)
    maps = np.asarray(affine_maps(KEY, 200, options))
    areas = np.linalg.det(maps)  # rotation, shear and aspect keep the area
    np.testing.assert_array_less(np.abs(np.log(areas)), 2 * scale + 1e-5)
    if scale > 0.01:
        assert np.abs(np.log(areas)).max() > scale
    if not (scale or aspect or shear):
        np.testing.assert_allclose(
            maps @ maps.swapaxes(1, 2), np.broadcast_to(np.eye(2), maps.shape), atol=1e-5
        )


def test_a_rotation_by_90_degrees_makes_a_vertical_bar_horizontal():
    turned = jax.vmap(lambda key: warp(key, bars(1), Augment(rotation=90.0))[0])(jax.random.split(KEY, 200))
    least_height = turned.max(axis=2).sum(axis=1).min()
    assert least_height < 5  # of 13 rows
    np.testing.assert_allclose(turned.sum(axis=(1, 2)), 39, rtol=0.05)


def test_scale_shear_and_aspect_change_what_they_should():
    def changed(**options: float) -> Array:
        return warp(KEY, bars(200), Augment(**options))

    def heights(images: Array) -> np.ndarray:
        return np.asarray(images.max(axis=2).sum(axis=1))

    larger, taller, sheared = changed(scale=0.3), changed(aspect=0.4), changed(shear=30.0)
    assert np.corrcoef(widths(larger), heights(larger))[0, 1] > 0.9
    assert np.corrcoef(widths(taller), heights(taller))[0, 1] < -0.9
    np.testing.assert_allclose(heights(sheared), 13, atol=0.01)
    centers = (sheared * jnp.arange(28)).sum(axis=2) / jnp.maximum(sheared.sum(axis=2), 1e-6)
    assert np.abs(centers[:, 18] - centers[:, 8]).max() > 10 * np.tan(np.deg2rad(25))


@settings(max_examples=20)
@given(st.floats(0, 30), st.floats(0, 0.4), st.floats(0, 20))
def test_a_reframed_digit_has_the_size_and_position_of_recognition(
    rotation: float, aspect: float, shear: float
):
    options = Augment(rotation=rotation, aspect=aspect, shear=shear, reframe=True)
    off_center = bars(100).at[:, 16:20, 15:18].set(1.0)  # a bar with a foot
    changed = np.asarray(warp(KEY, off_center, options))
    foreground = changed > 0.4
    sides = np.maximum(foreground.any(axis=1).sum(axis=1), foreground.any(axis=2).sum(axis=1))
    np.testing.assert_allclose(sides, 20, atol=1.5)
    np.testing.assert_allclose(centers_of_mass(changed), 13.5, atol=0.3)


def test_scale_changes_a_reframed_digit_and_a_blank_image_stays_blank():
    changed = np.asarray(warp(KEY, bars(200), Augment(scale=0.2, reframe=True)))
    heights = changed.max(axis=2).sum(axis=1)
    assert heights.min() == pytest.approx(20 * np.exp(-0.2), abs=0.7)
    assert heights.max() == pytest.approx(20 * np.exp(0.2), abs=0.7)
    assert not warp(KEY, jnp.zeros((200, 28, 28)), Augment(scale=0.2, reframe=True)).any()


def test_sharpening_steepens_the_edges_of_a_share_of_the_images():
    blurred = blur(KEY, bars(1000), 1.5)
    sharpened = np.asarray(sharpen(KEY, blurred, 0.3))
    changed_images = (sharpened != np.asarray(blurred)).any(axis=(1, 2))
    assert changed_images.mean() == pytest.approx(0.3, abs=0.05)
    assert sharpened.min() >= 0
    assert sharpened.max() <= 1 + 1e-6

    def gray_share(images: np.ndarray) -> float:
        return ((images > 0.05) & (images < 0.95)).mean()

    assert gray_share(sharpened[changed_images]) < 0.7 * gray_share(np.asarray(blurred)[changed_images])


def test_a_share_of_the_images_gets_a_lower_resolution():
    fine = jnp.tile(jnp.asarray([[0.0, 1.0], [1.0, 0.0]]), (500, 14, 14))
    reduced = np.asarray(reduce_resolution(KEY, fine, 0.3))
    changed_images = (np.abs(reduced - np.asarray(fine)) > 0.1).any(axis=(1, 2))
    assert changed_images.mean() == pytest.approx(0.3, abs=0.06)
    assert (
        np.ptp(reduced[changed_images][:, 4:-4, 4:-4], axis=(1, 2)).max() < 0.7
    )  # the pattern is finer than the pixels that are left
    broad = np.asarray(reduce_resolution(KEY, bars(50), 1.0))
    np.testing.assert_allclose(broad.sum(axis=(1, 2)), np.asarray(bars(50)).sum(axis=(1, 2)), rtol=0.1)


def test_elastic_displacements_are_smooth_and_have_the_standard_deviation_asked_for():
    field = np.asarray(elastic_field(KEY, (400, 2, 28, 28), 0.7))
    assert field.std() == pytest.approx(0.7, rel=0.3)
    assert np.abs(np.diff(field, axis=3)).mean() < 0.3 * np.abs(field).mean()


def test_strokes_become_wider_or_narrower_within_the_limit():
    changed = widths(thicken(KEY, bars(500), 1.0))
    assert changed.min() == pytest.approx(1, abs=0.05)
    assert changed.max() == pytest.approx(5, abs=0.05)
    assert 2.5 < np.median(changed) < 3.5


def test_a_blur_keeps_the_sum_of_the_intensities():
    blurred = np.asarray(blur(KEY, bars(100), 1.5))
    np.testing.assert_allclose(blurred.sum(axis=(1, 2)), 39, rtol=1e-3)
    assert 0.6 < blurred.max(axis=(1, 2)).min() < 0.95
    assert blurred.max(axis=(1, 2)).max() > 0.99


def test_noise_differs_in_strength_from_image_to_image():
    deviations = np.asarray(add_noise(KEY, bars(300), 0.3) - bars(300)).std(axis=(1, 2))
    assert deviations.min() < 0.03
    assert 0.27 < deviations.max() < 0.32


def test_an_erased_rectangle_is_zero_and_within_the_limit():
    erased = np.asarray(erase(KEY, jnp.ones((500, 28, 28)), 6)) == 0
    rows, columns = erased.any(axis=2).sum(axis=1), erased.any(axis=1).sum(axis=1)
    np.testing.assert_array_equal(erased.sum(axis=(1, 2)), rows * columns)
    assert rows.max() == columns.max() == 6
