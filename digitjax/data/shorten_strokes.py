"""Glyph variants with a shorter stroke: the top of a 7, the tail of a 4 below its bar, the stem of a 4 above it.

All functions take one image, and random numbers between 0 and 1. Coordinates are (row, column) in pixels, intensities
0 to 1.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

_P_TOP, _P_TAIL, _P_STEM = 0.25, 0.12, 0.12
"""Probabilities at a rate of 1."""
_TOP_ROWS = 0.3
"""Where the top of a 7 is, as a share of its height."""
_MIN_TOP_LENGTH = 0.28
"""Least length of the top of a shortened 7 beside its stem, as a share of its height: less would look like a 1."""
_MAX_FALL = 0.35
"""Largest fall of the top of a 7 to the left, in rows per column, that is shortened: it would look like a 1's flag."""
_BAR_ROWS = (0.4, 0.85)
"""Where the bar of a 4 is looked for, as shares of its height."""
_MIN_OPEN_ROWS = 4
"""Least number of rows in which the left stroke and the stem of a 4 stand apart."""
_FOREGROUND, _BACKGROUND = 0.3, 0.2
"""Intensity of a pixel of a stroke at least, and of one between strokes at most."""

_CHANCE = (0.0, 1.0)


def shorten_top(numbers: Float[Array, " 2"], image: Float[Array, "h w"], rate: float) -> Float[Array, "h w"]:
    """Erase the left part of the top of some 7s.

    Args:
        numbers: two random numbers.
        image: intensities (h, w) of a 7.
        rate: factor of the probability.

    Returns:
        Image (h, w).
    """
    chance, share = scale(numbers, _CHANCE, (0.2, 0.65))
    first, last = foreground_rows(image)
    height = last - first
    rows, columns = _grid(image)
    below = first + _TOP_ROWS * height
    top = image * (rows <= below)
    left, right = _foreground_columns(top)
    stem, _ = _foreground_columns(image * (abs(rows - below) < 1))
    third = (right - left) / 3
    fall = (_center_row(top * (columns < left + third)) - _center_row(top * (columns > right - third))) / (
        2 * jnp.maximum(third, 1)
    )
    hangs = (
        image * (rows > below) * (rows < first + 2 * _TOP_ROWS * height) * (columns < left + third)
    ).max()
    is_plain = (fall < _MAX_FALL) & ((hangs < _FOREGROUND) | (stem < left + third))
    erased = jnp.minimum(share * (right - left), stem - _MIN_TOP_LENGTH * height - left)
    kept = jnp.clip(columns - (left + jnp.maximum(erased, 0)), 0, 1)
    kept = jnp.where(rows < below + 0.15 * height, kept, 1)  # the stem may lie farther to the left
    return jnp.where((chance < _P_TOP * rate) & (erased > 0) & is_plain, image * kept, image)


def shorten_tail(numbers: Float[Array, " 2"], image: Float[Array, "h w"], rate: float) -> Float[Array, "h w"]:
    """Compress the part of some 4s that is below the bar.

    Args:
        numbers: two random numbers.
        image: intensities (h, w) of a 4.
        rate: factor of the probability.

    Returns:
        Image (h, w).
    """
    chance, factor = scale(numbers, _CHANCE, (1.3, 2.5))
    rows = jnp.arange(len(image))
    start = _bar_row(image) + 1
    source = jnp.where(rows > start, start + (rows - start) * factor, rows)
    above = jnp.clip(jnp.floor(source).astype(jnp.int32), 0, len(image) - 1)
    below, share = jnp.minimum(above + 1, len(image) - 1), (source - above)[:, None]
    compressed = (1 - share) * image[above] + share * image[below]
    compressed = jnp.where((source < len(image) - 1)[:, None], compressed, 0)
    return jnp.where(chance < _P_TAIL * rate, compressed, image)


def shorten_stem(numbers: Float[Array, " 2"], image: Float[Array, "h w"], rate: float) -> Float[Array, "h w"]:
    """Erase the upper part of the stem of some open 4s, so that it starts near the bar.

    Args:
        numbers: two random numbers.
        image: intensities (h, w) of a 4.
        rate: factor of the probability.

    Returns:
        Image (h, w).
    """
    chance, kept_share = scale(numbers, _CHANCE, (0.05, 0.6))
    rows, columns = _grid(image)
    first, _ = foreground_rows(image)
    bar = _bar_row(image)
    is_stem, is_open = _last_runs(image)
    is_open &= (rows[:, 0] > first) & (rows[:, 0] < bar)
    # A row that shows one stroke only shows the stem if it lies to the right of the gap.
    gap = jnp.where(is_stem, image.shape[1], columns).max(axis=1, where=~is_stem, initial=0)
    gap = (gap * is_open).sum() / jnp.maximum(is_open.sum(), 1)
    is_stem &= is_open[:, None] | (columns > gap)
    end = bar - 1 - kept_share * (bar - first)
    erased = is_stem * jnp.clip(end - rows, 0, 1)
    changed = (chance < _P_STEM * rate) & (is_open.sum() >= _MIN_OPEN_ROWS)
    return jnp.where(changed, image * (1 - erased), image)


def foreground_rows(image: Float[Array, "h w"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Return the first and the last row that holds a part of the digit.

    Args:
        image: intensities (h, w).
    """
    occupied = image.max(axis=1) > _FOREGROUND
    first, last = jnp.argmax(occupied), len(occupied) - 1 - jnp.argmax(occupied[::-1])
    return first.astype(jnp.float32), last.astype(jnp.float32)


def scale(numbers: Float[Array, " n"], *ranges: tuple[float, float]) -> Float[Array, " n"]:
    """Scale numbers from 0 to 1 to other ranges.

    Args:
        numbers: as many as there are ranges.
        ranges: least and largest value of each.
    """
    low, high = np.array(ranges, np.float32).T
    return low + (high - low) * numbers


def _foreground_columns(image: Float[Array, "h w"]) -> tuple[Int[Array, ""], Int[Array, ""]]:
    """Return the first and the last column that holds a part of the digit."""
    occupied = image.max(axis=0) > _FOREGROUND
    return jnp.argmax(occupied), len(occupied) - 1 - jnp.argmax(occupied[::-1])


def _center_row(image: Float[Array, "h w"]) -> Float[Array, ""]:
    """Return the row of the center of mass."""
    return (image * jnp.arange(len(image))[:, None]).sum() / jnp.maximum(image.sum(), 1e-6)


def _grid(image: Float[Array, "h w"]) -> tuple[Array, Array]:
    """Return the row and the column of each pixel, to be broadcast."""
    return jnp.arange(len(image))[:, None], jnp.arange(image.shape[1])


def _bar_row(image: Float[Array, "h w"]) -> Float[Array, ""]:
    """Return the row of the bar of a 4: that of the most ink around its middle."""
    first, last = foreground_rows(image)
    rows = jnp.arange(len(image))
    low, high = (first + share * (last - first) for share in _BAR_ROWS)
    ink = jnp.where((rows >= low) & (rows <= high), image.sum(axis=1), -1)
    return jnp.argmax(ink).astype(jnp.float32)


def _last_runs(image: Float[Array, "h w"]) -> tuple[Bool[Array, "h w"], Bool[Array, " h"]]:
    """Return the pixels from the last stroke of each row on, and the rows with another stroke before it."""
    backwards = image[:, ::-1]
    seen = jnp.cumsum(backwards > _FOREGROUND, axis=1) > 0
    ended = jnp.cumsum(seen & (backwards < _BACKGROUND), axis=1) > 0
    return ~ended[:, ::-1], (ended & (backwards > _FOREGROUND)).any(axis=1)
