"""Glyph variants add strokes to 0s, 1s, 7s and 9s, shorten those of 4s and 7s, and change no other digit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import Array

from digitjax.data.glyph_variants import Stroke, add_glyph_variants, coverage

KEY = jax.random.key(0)
DRAW = jax.jit(add_glyph_variants, static_argnames="rate")
ROWS, COLUMNS = np.indices((28, 28))


def draw_one(leaning: float = 0.0) -> Array:
    """A stem 20 pixels high and 3 wide, which leans to the right by `leaning` columns per row."""
    middle = 13.5 - leaning * (ROWS - 13.5)
    return jnp.asarray((abs(COLUMNS - middle) < 1.6) & (ROWS >= 4) & (ROWS < 24), jnp.float32)


def draw_seven() -> Array:
    top = (abs(ROWS - 5) < 1.6) & (COLUMNS > 6) & (COLUMNS < 20)
    stem = (abs(COLUMNS - 18 + (ROWS - 5) / 3) < 1.6) & (ROWS > 4) & (ROWS < 24)
    return jnp.asarray(top | stem, jnp.float32)


def draw_four() -> Array:
    """An open 4: its left stroke and its stem start in row 4, its bar is in row 14."""
    short = (abs(COLUMNS - 7) < 1.6) & (ROWS >= 4) & (ROWS < 15)
    bar = (abs(ROWS - 14) < 1.6) & (COLUMNS >= 6) & (COLUMNS < 21)
    stem = (abs(COLUMNS - 18) < 1.6) & (ROWS >= 4) & (ROWS < 24)
    return jnp.asarray(short | bar | stem, jnp.float32)


def draw_nine() -> Array:
    loop = abs(np.hypot(ROWS - 9, COLUMNS - 13.5) - 4.5) < 1.5
    stem = (abs(COLUMNS - 18) < 1.6) & (ROWS >= 9) & (ROWS < 24)
    return jnp.asarray(loop | stem, jnp.float32)


def draw_zero() -> Array:
    return jnp.asarray(abs(np.hypot(ROWS - 13.5, COLUMNS - 13.5) - 8.5) < 1.5, jnp.float32)


def added(image: Array, label: int, rate: float = 1.0, count: int = 1000) -> np.ndarray:
    """What is added to copies of an image, (count, 28, 28)."""
    copies = jnp.broadcast_to(image, (count, 28, 28))
    drawn = DRAW(KEY, copies, jnp.full(count, label), rate=rate)
    assert 0 <= drawn.min() <= drawn.max() <= 1
    return np.asarray(drawn - copies)


def share(images: np.ndarray) -> float:
    """Share of the images that are not blank."""
    return float((images.max(axis=(1, 2)) > 0.3).mean())


def test_about_half_of_the_upright_1s_get_a_flag_at_the_upper_left_and_some_a_foot():
    new = added(draw_one(), 1)
    flags, right = new[:, :16, :12], new[:, :12, 17:]
    assert share(flags) == pytest.approx(0.55, abs=0.05)
    assert share(right) < 0.01
    assert share(new[:, 20:, 17:]) == pytest.approx(0.55 * 0.3 + 0.45 * 0.1, abs=0.04)
    tall = flags.max(axis=2).sum(axis=1)[flags.max(axis=(1, 2)) > 0.3]
    assert 2 < np.percentile(tall, 5) < np.percentile(tall, 95) < 13


def test_a_flag_goes_down_and_stays_inside_the_image():
    new = added(draw_one(-0.3), 1)
    drawn = new[new[:, :16].max(axis=(1, 2)) > 0.3, :16]
    left = [int(np.argmax(image.max(axis=0) > 0.3)) for image in drawn]
    tips = [int(np.argmax(image[:, column])) for image, column in zip(drawn, left, strict=True)]
    assert min(left) >= 1
    assert np.mean(np.array(tips) >= 6) > 0.95  # the stem begins in row 4


@pytest.mark.parametrize(("leaning", "flags"), [(-0.6, False), (-0.3, True), (0.3, True), (0.6, False)])
def test_a_1_with_a_large_slant_gets_no_flag(leaning: float, flags: bool):
    assert (share(added(draw_one(leaning), 1)) > 0) == flags


def test_some_7s_get_a_bar_on_both_sides_of_the_stem():
    new = added(draw_seven(), 7)
    assert share(new[:, 10:20, :13]) == pytest.approx(0.22, abs=0.04)
    assert share(new[:, 10:20, 18:]) == pytest.approx(0.22, abs=0.06)
    assert share(new[:, :8]) == share(new[:, 21:]) == 0


def test_some_7s_lose_the_left_part_of_their_top_and_keep_enough_of_it():
    new = added(draw_seven(), 7)
    lost = -np.minimum(new, 0)
    assert share(lost) == pytest.approx(0.25, abs=0.04)
    assert share(lost[:, 8:]) == 0  # the top is in rows 4 to 6
    kept = (np.asarray(draw_seven()) - lost)[:, 5, :] > 0.5
    assert kept.sum(axis=1).min() >= 6


def test_a_7_whose_top_falls_to_the_left_keeps_it_since_it_would_look_like_a_1():
    falling = (abs(ROWS - 5 - (18 - COLUMNS) / 2) < 1.6) & (COLUMNS > 6) & (COLUMNS < 20)
    seven = jnp.maximum(draw_seven() * ((ROWS > 7) | (COLUMNS > 15)), falling.astype(np.float32))
    assert np.minimum(added(seven, 7), 0).min() == 0


def test_the_tail_of_some_4s_is_shorter_and_what_is_above_the_bar_stays():
    new = np.asarray(draw_four()) + added(draw_four(), 4)
    kept = (np.asarray(draw_four())[:12, :12] == new[:, :12, :12]).all(axis=(1, 2))
    assert kept.all()
    last = np.array([np.flatnonzero(image.max(axis=1) > 0.3).max() for image in new])
    assert (last < 23).mean() == pytest.approx(0.12, abs=0.03)
    assert last.min() >= 17  # the bar ends in row 15


def test_the_stem_of_some_4s_starts_lower_and_the_rest_stays():
    new = np.asarray(draw_four()) + added(draw_four(), 4)
    stems = new[:, :14, 16:20].max(axis=2)
    first = (stems > 0.3).argmax(axis=1)
    assert (first > 4).mean() == pytest.approx(0.12, abs=0.03)
    assert first.max() <= 13
    assert (new[:, 13:16, 18] > 0.5).all()


def test_a_4_that_is_not_open_keeps_its_stem():
    closed = draw_four() * (ROWS >= 12)
    assert not added(closed, 4)[:, :13].any()


def test_some_9s_get_a_hook_to_the_left_of_their_bottom():
    new = added(draw_nine(), 9)
    assert share(new) == pytest.approx(0.15, abs=0.03)
    hooked = new[new.max(axis=(1, 2)) > 0.3]
    assert not hooked[:, :17].any()
    assert not hooked[:, :, 21:].any()


def test_a_9_whose_tail_bends_to_the_left_gets_no_hook():
    bent = jnp.maximum(draw_nine() * (ROWS < 20), (abs(ROWS - 22) < 1.6) & (COLUMNS > 6) & (COLUMNS < 12))
    assert share(added(bent, 9)) == 0


def test_some_1s_without_a_flag_have_a_foot():
    new = added(draw_one(), 1)
    has_flag = new[:, :16, :12].max(axis=(1, 2)) > 0.3
    assert share(new[~has_flag][:, 20:, 17:]) == pytest.approx(0.1, abs=0.05)
    assert share(new[has_flag][:, 20:, 17:]) == pytest.approx(0.3, abs=0.06)


def test_some_0s_get_a_slash_from_the_lower_left_to_the_upper_right():
    new = added(draw_zero(), 0)
    assert share(new) == pytest.approx(0.1, abs=0.03)
    slashed = new[new.max(axis=(1, 2)) > 0.3]
    assert slashed[:, 13:15, 13:15].max(axis=(1, 2)).min() > 0.5
    assert slashed[:, 6:11, 6:11].max() == slashed[:, 17:22, 17:22].max() == 0


def test_a_0_with_a_small_hole_gets_no_slash():
    assert share(added(jnp.asarray(np.hypot(ROWS - 13.5, COLUMNS - 13.5) < 8, jnp.float32), 0)) == 0


@pytest.mark.parametrize("label", [-1, 2, 3, 5, 6, 8, 10])
def test_other_labels_change_nothing(label: int):
    assert not added(draw_one(), label, rate=1.5).any()


@pytest.mark.parametrize("rate", [0.0, 1.5])
def test_the_rate_scales_the_probability_of_a_stroke(rate: float):
    assert share(added(draw_one(), 1, rate)) == pytest.approx(0.55 * rate, abs=0.06)


@settings(max_examples=10)
@given(st.integers(0, 2**31 - 1), st.floats(0, 1))
def test_intensities_stay_within_0_and_1_and_depend_on_the_key(seed: int, threshold: float):
    images = jnp.maximum(jax.random.uniform(jax.random.key(seed), (1000, 28, 28)) - threshold, 0)
    labels = jnp.arange(1000) % 10
    drawn = DRAW(KEY, images, labels, rate=1.5)
    is_shortened = ((labels == 4) | (labels == 7))[:, None, None]
    assert bool(jnp.all(((drawn >= images) | is_shortened) & (drawn >= 0) & (drawn <= 1)))
    np.testing.assert_array_equal(drawn, DRAW(KEY, images, labels, rate=1.5))


def test_a_stroke_covers_its_length_and_width():
    def point(row: float, column: float) -> tuple[Array, Array]:
        return jnp.float32(row), jnp.float32(column)

    level = Stroke(point(10, 5), point(10, 15), jnp.float32(3), jnp.array(True))
    covered = np.asarray(coverage(level, (28, 28)))
    np.testing.assert_allclose(covered[:, 10], np.isin(np.arange(28), [9, 10, 11]))
    np.testing.assert_allclose(covered[10], (np.arange(28) >= 4) & (np.arange(28) <= 16))
    assert not coverage(level._replace(drawn=jnp.array(False)), (28, 28)).any()
