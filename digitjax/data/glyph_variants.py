"""Glyph variants that many people write and MNIST hardly has.

Strokes are added: flag and foot to a 1, a bar to a 7, a slash to a 0, a level hook to a 9. `shorten_strokes` shortens
others. All functions but `add_glyph_variants` take one image, and random numbers between 0 and 1. Coordinates are
(row, column) in pixels, intensities 0 to 1.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from digitjax.data.draws import draw
from digitjax.data.shorten_strokes import foreground_rows, scale, shorten_stem, shorten_tail, shorten_top

_P_FLAG, _P_BAR, _P_SLASH, _P_HOOK = 0.55, 0.22, 0.1, 0.15
"""Probabilities of the strokes at a rate of 1."""
_P_FOOT, _P_FOOT_ALONE = 0.3, 0.1
"""Probabilities of a foot under a 1 that has a flag, and, at a rate of 1, under one that has none."""
_P_SHOULDER = 0.2
"""Probability that a flag leaves the stem by a short level shoulder."""

_MAX_LEANING = 0.42
"""Largest slant of a 1, in columns per row, that gets a flag or a foot: beyond it, it would look like a 7."""
_MAX_FLAG_ANGLE = math.radians(56)
"""Largest angle between a flag and the vertical: a flatter one would look like a 7."""

_CHANCE = (0.0, 1.0)


class Stroke(NamedTuple):
    """A straight stroke with round ends, which may be left out."""

    start: tuple[Float[Array, ""], Float[Array, ""]]
    """Row and column, in pixels."""
    end: tuple[Float[Array, ""], Float[Array, ""]]
    """Row and column, in pixels."""
    width: Float[Array, ""]
    """In pixels."""
    drawn: Bool[Array, ""]
    """Whether it is drawn."""


def add_glyph_variants(
    key: jax.Array, images: Float[Array, "batch 28 28"], labels: Int[Array, " batch"], rate: float
) -> Float[Array, "batch 28 28"]:
    """Add strokes to some 0s, 1s, 7s and 9s, and shorten those of some 4s and 7s.

    Args:
        key: random key.
        images: intensities (batch, 28, 28).
        labels: digits (batch,); an image with any other label is not changed.
        rate: factor of the probabilities of the strokes: 1 is about as often as people write them.

    Returns:
        Images (batch, 28, 28).
    """

    def add(
        numbers: Float[Array, " n"], image: Float[Array, "28 28"], label: Int[Array, ""]
    ) -> Float[Array, "28 28"]:
        # An image has one label, so the variants of different digits share their numbers.
        drawn = image
        for digit, shorten, first in ((7, shorten_top, 0), (4, shorten_tail, 0), (4, shorten_stem, 2)):
            drawn = jnp.where(label == digit, shorten(numbers[first : first + 2], drawn, rate), drawn)
        for digit, strokes, count in ((0, slash, 4), (1, flag_and_foot, 11), (7, bar, 5), (9, hook, 4)):
            for stroke in strokes(numbers[4 : 4 + count], image, rate):
                drawn = jnp.maximum(drawn, jnp.where(label == digit, coverage(stroke, image.shape), 0))
        return drawn

    # All at once, since each draw would take a second to compile.
    numbers = draw(jax.random.uniform, key, (len(images), 4 + 11))
    return jax.vmap(add)(numbers, images, labels)


def flag_and_foot(numbers: Float[Array, " 11"], image: Float[Array, "h w"], rate: float) -> list[Stroke]:
    """Draw the random strokes of a 1: a flag from its top to the lower left, and a foot across its bottom.

    Some flags leave the stem by a short level shoulder.

    Args:
        numbers: eleven random numbers.
        image: intensities (h, w) of a 1.
        rate: factor of the probabilities.

    Returns:
        Shoulder, flag and foot.
    """
    chance, foot_chance, shoulder_chance = numbers[:3]
    turn, length, shoulder, drop, thinning = scale(
        numbers[3:8], (22.0, 58.0), (0.2, 0.55), (0.03, 0.1), (0.0, 0.25), (0.75, 1.05)
    )
    left, right, tilt = scale(numbers[8:], (0.15, 0.55), (0.15, 0.55), (-1.0, 1.0))
    first, last = foreground_rows(image)
    height = jnp.maximum(last - first, 1)
    leaning = (_center_column(image, last - 1) - _center_column(image, first + 1)) / jnp.maximum(
        height - 2, 1
    )
    width = jnp.clip(image.sum() / (height * jnp.sqrt(1 + leaning**2)), 1.2, 4.5)
    top = (first + 0.4 * width, _center_column(image, first + 1))
    bottom = (last - 0.4 * width, _center_column(image, last - 1))
    shoulder = height * shoulder * (shoulder_chance < _P_SHOULDER)
    corner = (top[0] + drop * shoulder, top[1] - shoulder)
    angle = jnp.minimum(jnp.deg2rad(turn) - jnp.arctan(leaning), _MAX_FLAG_ANGLE)
    reach = height * length - shoulder
    tip = (corner[0] + reach * jnp.cos(angle), corner[1] - reach * jnp.sin(angle))
    heel, toe = (bottom[0], bottom[1] - left * height), (bottom[0] + tilt, bottom[1] + right * height)
    is_upright = jnp.abs(leaning) < _MAX_LEANING
    has_flag = is_upright & (chance < _P_FLAG * rate)
    has_foot = is_upright & (foot_chance < jnp.where(has_flag, _P_FOOT, _P_FOOT_ALONE * rate))
    return [
        Stroke(top, corner, thinning * width, has_flag),
        Stroke(corner, tip, thinning * width, has_flag),
        Stroke(heel, toe, thinning * width, has_foot),
    ]


def bar(numbers: Float[Array, " 5"], image: Float[Array, "h w"], rate: float) -> list[Stroke]:
    """Draw the random stroke through the stem of a 7.

    Args:
        numbers: five random numbers.
        image: intensities (h, w) of a 7.
        rate: factor of the probability.

    Returns:
        One stroke.
    """
    chance, share, left, right, rise = scale(
        numbers, _CHANCE, (0.42, 0.66), (2.5, 5.5), (2.5, 5.5), (-0.8, 1.8)
    )
    first, last = foreground_rows(image)
    row = first + share * (last - first)
    below = jnp.arange(len(image))[:, None] > row
    width = 0.85 * jnp.clip((below * image).sum() / jnp.maximum(last - row, 1), 1.2, 4.0)
    column = _center_column(image, row)
    return [Stroke((row + rise, column - left), (row - rise, column + right), width, chance < _P_BAR * rate)]


def slash(numbers: Float[Array, " 4"], image: Float[Array, "h w"], rate: float) -> list[Stroke]:
    """Draw the random stroke through a 0, from its lower left to its upper right.

    Args:
        numbers: four random numbers.
        image: intensities (h, w) of a 0.
        rate: factor of the probability.

    Returns:
        One stroke.
    """
    chance, angle, reach, thinning = scale(numbers, _CHANCE, (30.0, 60.0), (0.75, 1.35), (0.75, 1.05))
    mass = jnp.maximum(image.sum(), 1e-6)
    rows, columns = jnp.arange(image.shape[0])[:, None], jnp.arange(image.shape[1])
    row, column = (image * rows).sum() / mass, (image * columns).sum() / mass
    # A ring of radius r has a variance of r * r / 2 along each axis.
    tall = jnp.sqrt(2 * (image * (rows - row) ** 2).sum() / mass)
    wide = jnp.sqrt(2 * (image * (columns - column) ** 2).sum() / mass)
    width = jnp.clip(mass / (math.pi * jnp.maximum(tall + wide, 1)), 1.2, 4.0)
    up, right = reach * tall * jnp.sin(jnp.deg2rad(angle)), reach * wide * jnp.cos(jnp.deg2rad(angle))
    ends = (row + up, column - right), (row - up, column + right)
    hollow = jnp.minimum(tall, wide) > 2 * width  # otherwise the slash would fill the 0
    return [Stroke(*ends, thinning * width, hollow & (chance < _P_SLASH * rate))]


def hook(numbers: Float[Array, " 4"], image: Float[Array, "h w"], rate: float) -> list[Stroke]:
    """Draw the random, nearly level stroke from the bottom of a 9 to the left.

    Args:
        numbers: four random numbers.
        image: intensities (h, w) of a 9.
        rate: factor of the probability.

    Returns:
        One stroke.
    """
    chance, reach, rise, thinning = scale(numbers, _CHANCE, (0.25, 0.6), (-0.5, 3.0), (0.75, 1.05))
    first, last = foreground_rows(image)
    height = jnp.maximum(last - first, 1)
    tail = jnp.arange(len(image))[:, None] > last - 0.3 * height
    width = jnp.clip((tail * image).sum() / (0.3 * height), 1.2, 4.0)
    row, column = last - 0.4 * width, _center_column(image, last - 1)
    end = (row - rise, column - reach * height)
    # A tail that bends to the left has its hook already.
    is_straight = column > (image * jnp.arange(image.shape[1])).sum() / jnp.maximum(image.sum(), 1e-6)
    return [Stroke((row, column), end, thinning * width, is_straight & (chance < _P_HOOK * rate))]


def coverage(stroke: Stroke, shape: tuple[int, ...]) -> Float[Array, "h w"]:
    """Rasterize a stroke.

    Args:
        stroke: a stroke; one that is not drawn covers nothing.
        shape: (h, w) of the image.

    Returns:
        The covered share of each pixel (h, w): 1 inside, falling to 0 over one pixel at the edge.
    """
    rows = jnp.arange(shape[0])[:, None] - stroke.start[0]
    columns = jnp.arange(shape[1]) - stroke.start[1]
    down, right = stroke.end[0] - stroke.start[0], stroke.end[1] - stroke.start[1]
    share = jnp.clip((rows * down + columns * right) / jnp.maximum(down**2 + right**2, 1e-3), 0, 1)
    distance = jnp.sqrt((rows - share * down) ** 2 + (columns - share * right) ** 2)
    return jnp.where(stroke.drawn, jnp.clip(stroke.width / 2 + 0.5 - distance, 0, 1), 0)


def _center_column(image: Float[Array, "h w"], row: Float[Array, ""]) -> Float[Array, ""]:
    """Return the column of the center of mass of the rows around a row."""
    near = jnp.maximum(0, 1.5 - jnp.abs(jnp.arange(len(image)) - row))[:, None] * image
    return (near * jnp.arange(image.shape[1])).sum() / jnp.maximum(near.sum(), 1e-6)
