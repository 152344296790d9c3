"""Strokes are added to the digits that people draw them on, and to nothing else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import Array

from digitjax.data.glyph_variants import Stroke, add_glyph_variants, coverage

KEY = jax.random.key(0)
DRAW = jax.jit(add_glyph_variants, static_argnames="often")
ROWS, COLUMNS = np.indices((28, 28))


def one(leaning: float = 0.0) -> Array:
    """A stem 20 pixels high and 3 wide, which leans to the right by so many columns a row."""
    middle = 13.5 - leaning * (ROWS - 13.5)
    return jnp.asarray((abs(COLUMNS - middle) < 1.6) & (ROWS >= 4) & (ROWS < 24), jnp.float32)


def seven() -> Array:
    top = (abs(ROWS - 5) < 1.6) & (COLUMNS > 6) & (COLUMNS < 20)
    stem = (abs(COLUMNS - 18 + (ROWS - 5) / 3) < 1.6) & (ROWS > 4) & (ROWS < 24)
    return jnp.asarray(top | stem, jnp.float32)


def zero() -> Array:
    return jnp.asarray(abs(np.hypot(ROWS - 13.5, COLUMNS - 13.5) - 8.5) < 1.5, jnp.float32)


def added(ink: Array, label: int, often: float = 1.0, count: int = 1000) -> np.ndarray:
    """Ink that is added to so many copies of a picture."""
    copies = jnp.broadcast_to(ink, (count, 28, 28))
    drawn = DRAW(KEY, copies, jnp.full(count, label), often=often)
    assert 0 <= drawn.min() <= drawn.max() <= 1
    return np.asarray(drawn - copies)


def share(ink: np.ndarray) -> float:
    """Share of the pictures with any ink."""
    return float((ink.max(axis=(1, 2)) > 0.3).mean())


def test_about_half_of_the_upright_1s_get_a_flag_at_the_upper_left_and_some_a_foot():
    new = added(one(), 1)
    flags, right = new[:, :16, :12], new[:, :12, 17:]
    assert share(flags) == pytest.approx(0.55, abs=0.05)
    assert share(right) < 0.01
    assert share(new[:, 20:, 17:]) == pytest.approx(0.55 * 0.3, abs=0.04)
    tall = flags.max(axis=2).sum(axis=1)[flags.max(axis=(1, 2)) > 0.3]
    assert 2 < np.percentile(tall, 5) < np.percentile(tall, 95) < 13


def test_a_flag_goes_down_and_stays_inside_the_picture():
    new = added(one(-0.3), 1)
    drawn = new[new[:, :16].max(axis=(1, 2)) > 0.3, :16]
    left = [int(np.argmax(picture.max(axis=0) > 0.3)) for picture in drawn]
    tips = [int(np.argmax(picture[:, column])) for picture, column in zip(drawn, left, strict=True)]
    assert min(left) >= 1
    assert np.mean(np.array(tips) >= 6) > 0.95  # the stem begins in row 4


@pytest.mark.parametrize(("leaning", "flags"), [(-0.6, False), (-0.3, True), (0.3, True), (0.6, False)])
def test_a_1_that_leans_much_gets_none_since_it_would_become_a_7(leaning: float, flags: bool):
    assert (share(added(one(leaning), 1)) > 0) == flags


def test_some_7s_get_a_bar_on_both_sides_of_the_stem():
    new = added(seven(), 7)
    assert share(new[:, 10:20, :13]) == pytest.approx(0.22, abs=0.04)
    assert share(new[:, 10:20, 18:]) == pytest.approx(0.22, abs=0.06)
    assert share(new[:, :8]) == share(new[:, 21:]) == 0


def test_some_0s_get_a_slash_from_the_lower_left_to_the_upper_right():
    new = added(zero(), 0)
    assert share(new) == pytest.approx(0.1, abs=0.03)
    slashed = new[new.max(axis=(1, 2)) > 0.3]
    assert slashed[:, 13:15, 13:15].max(axis=(1, 2)).min() > 0.5
    assert slashed[:, 6:11, 6:11].max() == slashed[:, 17:22, 17:22].max() == 0


def test_a_0_with_a_small_hole_gets_no_slash():
    assert share(added(jnp.asarray(np.hypot(ROWS - 13.5, COLUMNS - 13.5) < 8, jnp.float32), 0)) == 0


@pytest.mark.parametrize("label", [-1, 2, 3, 4, 5, 6, 8, 9, 10])
def test_other_labels_change_nothing(label: int):
    assert not added(one(), label, often=1.5).any()


@pytest.mark.parametrize("often", [0.0, 1.5])
def test_strokes_are_as_frequent_as_asked_for(often: float):
    assert share(added(one(), 1, often)) == pytest.approx(0.55 * often, abs=0.06)


@settings(max_examples=10)
@given(st.integers(0, 2**31 - 1), st.floats(0, 1))
def test_any_picture_gives_ink_from_0_to_1_as_the_key_decides(seed: int, dark: float):
    ink = jnp.maximum(jax.random.uniform(jax.random.key(seed), (1000, 28, 28)) - dark, 0)
    labels = jnp.arange(1000) % 10
    drawn = DRAW(KEY, ink, labels, often=1.5)
    assert bool(jnp.all((drawn >= ink) & (drawn <= 1)))
    np.testing.assert_array_equal(drawn, DRAW(KEY, ink, labels, often=1.5))


def test_a_stroke_covers_its_length_and_width():
    def place(row: float, column: float) -> tuple[Array, Array]:
        return jnp.float32(row), jnp.float32(column)

    level = Stroke(place(10, 5), place(10, 15), jnp.float32(3), jnp.array(True))
    ink = np.asarray(coverage(level, (28, 28)))
    np.testing.assert_allclose(ink[:, 10], np.isin(np.arange(28), [9, 10, 11]))
    np.testing.assert_allclose(ink[10], (np.arange(28) >= 4) & (np.arange(28) <= 16))
    assert not coverage(level._replace(drawn=jnp.array(False)), (28, 28)).any()
