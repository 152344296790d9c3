"""Strokes that many people draw and MNIST hardly has: the flag and foot of a 1, the bar of a 7, the slash of a 0.

All but `add_glyph_variants` see one picture. Places are (row, column), in pixels; ink is 0 to 1.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

# Shares of the digits that get a stroke where `often` is 1; a foot is drawn only where there is a flag.
_FLAGS, _FEET, _BARS, _SLASHES = 0.55, 0.3, 0.22, 0.1

# A 1 with a flag becomes a 7 if it leans more (columns a row), or if the flag is flatter (from upright).
_MOST_LEANING, _FLATTEST = 0.42, math.radians(65)

_CHANCE = (0.0, 1.0)


class Stroke(NamedTuple):
    """A straight stroke with round ends, which may be left out."""

    start: tuple[Float[Array, ""], Float[Array, ""]]
    end: tuple[Float[Array, ""], Float[Array, ""]]
    width: Float[Array, ""]
    drawn: Bool[Array, ""]


def add_glyph_variants(
    key: jax.Array, ink: Float[Array, "batch 28 28"], labels: Int[Array, " batch"], often: float
) -> Float[Array, "batch 28 28"]:
    """Draw flags and feet on 1s, bars on 7s and slashes on 0s, `often` times as often as is usual.

    Pictures with other labels, whichever they are, stay as they are.
    """

    def add(key: jax.Array, ink: Float[Array, "28 28"], label: Int[Array, ""]) -> Float[Array, "28 28"]:
        drawn = ink
        for digit, strokes in ((0, slash), (1, flag_and_foot), (7, bar)):
            for stroke in strokes(key, ink, often):
                drawn = jnp.maximum(drawn, jnp.where(label == digit, coverage(stroke, ink.shape), 0))
        return drawn

    return jax.vmap(add)(jax.random.split(key, len(ink)), ink, labels)


def flag_and_foot(key: jax.Array, ink: Float[Array, "h w"], often: float) -> list[Stroke]:
    """Return the strokes of an upright 1: from its top to the left and down, and across its bottom.

    Some flags leave the stem by a short level shoulder.
    """
    chance_key, shape_key, foot_key = jax.random.split(key, 3)
    chance, foot_chance, shoulder_chance = _draw(chance_key, _CHANCE, _CHANCE, _CHANCE)
    turn, length, shoulder, drop, thinner = _draw(
        shape_key, (22.0, 68.0), (0.2, 0.55), (0.04, 0.16), (0.0, 0.25), (0.75, 1.05)
    )
    left, right, tilt = _draw(foot_key, (0.15, 0.45), (0.15, 0.45), (-1.0, 1.0))
    first, last = _rows(ink)
    height = jnp.maximum(last - first, 1)
    leaning = (_column(ink, last - 1) - _column(ink, first + 1)) / jnp.maximum(height - 2, 1)
    width = jnp.clip(ink.sum() / (height * jnp.sqrt(1 + leaning**2)), 1.2, 4.5)
    top = (first + 0.4 * width, _column(ink, first + 1))
    bottom = (last - 0.4 * width, _column(ink, last - 1))
    shoulder = height * shoulder * (shoulder_chance < 0.4)
    corner = (top[0] + drop * shoulder, top[1] - shoulder)
    angle = jnp.minimum(jnp.deg2rad(turn) - jnp.arctan(leaning), _FLATTEST)
    reach = height * length - shoulder
    tip = (corner[0] + reach * jnp.cos(angle), corner[1] - reach * jnp.sin(angle))
    heel, toe = (bottom[0], bottom[1] - left * height), (bottom[0] + tilt, bottom[1] + right * height)
    flagged = (chance < _FLAGS * often) & (jnp.abs(leaning) < _MOST_LEANING)
    return [
        Stroke(top, corner, thinner * width, flagged),
        Stroke(corner, tip, thinner * width, flagged),
        Stroke(heel, toe, thinner * width, flagged & (foot_chance < _FEET)),
    ]


def bar(key: jax.Array, ink: Float[Array, "h w"], often: float) -> list[Stroke]:
    """Return the stroke through the stem of a 7."""
    chance, share, left, right, rise = _draw(key, _CHANCE, (0.42, 0.66), (2.5, 5.5), (2.5, 5.5), (-0.8, 1.8))
    first, last = _rows(ink)
    row = first + share * (last - first)
    below = jnp.arange(len(ink))[:, None] > row
    width = 0.85 * jnp.clip((below * ink).sum() / jnp.maximum(last - row, 1), 1.2, 4.0)
    column = _column(ink, row)
    return [Stroke((row + rise, column - left), (row - rise, column + right), width, chance < _BARS * often)]


def slash(key: jax.Array, ink: Float[Array, "h w"], often: float) -> list[Stroke]:
    """Return the stroke through a 0, from its lower left to its upper right."""
    chance, angle, reach, thinner = _draw(key, _CHANCE, (30.0, 60.0), (0.75, 1.35), (0.75, 1.05))
    mass = jnp.maximum(ink.sum(), 1e-6)
    rows, columns = jnp.arange(ink.shape[0])[:, None], jnp.arange(ink.shape[1])
    row, column = (ink * rows).sum() / mass, (ink * columns).sum() / mass
    # A ring of radius r has a variance of r * r / 2 along each axis.
    tall = jnp.sqrt(2 * (ink * (rows - row) ** 2).sum() / mass)
    wide = jnp.sqrt(2 * (ink * (columns - column) ** 2).sum() / mass)
    width = jnp.clip(mass / (math.pi * jnp.maximum(tall + wide, 1)), 1.2, 4.0)
    up, right = reach * tall * jnp.sin(jnp.deg2rad(angle)), reach * wide * jnp.cos(jnp.deg2rad(angle))
    ends = (row + up, column - right), (row - up, column + right)
    hollow = jnp.minimum(tall, wide) > 2 * width  # else the slash would fill it
    return [Stroke(*ends, thinner * width, hollow & (chance < _SLASHES * often))]


def coverage(stroke: Stroke, shape: tuple[int, ...]) -> Float[Array, "h w"]:
    """Return how much of each pixel a stroke covers: 1 inside, falling to 0 over a pixel at its edge."""
    rows = jnp.arange(shape[0])[:, None] - stroke.start[0]
    columns = jnp.arange(shape[1]) - stroke.start[1]
    down, right = stroke.end[0] - stroke.start[0], stroke.end[1] - stroke.start[1]
    share = jnp.clip((rows * down + columns * right) / jnp.maximum(down**2 + right**2, 1e-3), 0, 1)
    distance = jnp.sqrt((rows - share * down) ** 2 + (columns - share * right) ** 2)
    return jnp.where(stroke.drawn, jnp.clip(stroke.width / 2 + 0.5 - distance, 0, 1), 0)


def _draw(key: jax.Array, *ranges: tuple[float, float]) -> Float[Array, " numbers"]:
    """Draw a number from each range."""
    low, high = jnp.array(ranges, jnp.float32).T
    return jax.random.uniform(key, low.shape, minval=low, maxval=high)


def _rows(ink: Float[Array, "h w"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Return the first and the last row with ink."""
    inked = ink.max(axis=1) > 0.3
    first, last = jnp.argmax(inked), len(inked) - 1 - jnp.argmax(inked[::-1])
    return first.astype(jnp.float32), last.astype(jnp.float32)


def _column(ink: Float[Array, "h w"], row: Float[Array, ""]) -> Float[Array, ""]:
    """Return the column of the ink's centre of mass about a row."""
    near = jnp.maximum(0, 1.5 - jnp.abs(jnp.arange(len(ink)) - row))[:, None] * ink
    return (near * jnp.arange(ink.shape[1])).sum() / jnp.maximum(near.sum(), 1e-6)
