"""Augmentations that show what segmentation does to a digit: broken strokes, and the edge of a neighboring digit."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from digitjax.data.draws import draw

_FOREGROUND = 0.2
"""Intensity above which a pixel belongs to the strokes when the first and last column of a digit are found."""
_MAX_DISTANCE = 8.0
"""Largest distance of a break from the center of the image, in pixels."""
_MAX_EDGE = 4
"""Most columns of a neighboring digit that are seen."""


def break_strokes(
    key: jax.Array, images: Float[Array, "batch h w"], probability: float
) -> Float[Array, "batch h w"]:
    """Erase a straight gap of one to two pixels through some images.

    Args:
        key: random key.
        images: intensities (batch, h, w).
        probability: probability that an image is changed.

    Returns:
        Images (batch, h, w).
    """
    angle, offset, half_width, chance = _uniform(
        key, images, (0.0, math.pi), (-_MAX_DISTANCE, _MAX_DISTANCE), (0.5, 1.0), (0.0, 1.0)
    )
    height, width = images.shape[1:]
    rows, columns = jnp.arange(height)[:, None] - (height - 1) / 2, jnp.arange(width) - (width - 1) / 2
    distance = jnp.abs(rows * jnp.cos(angle) + columns * jnp.sin(angle) - offset)
    gap = jnp.clip(half_width + 0.5 - distance, 0, 1)
    return jnp.where(chance < probability, images * (1 - gap), images)


def add_neighbors(
    key: jax.Array, images: Float[Array, "batch h w"], probability: float
) -> Float[Array, "batch h w"]:
    """Let the edge of another digit of the batch stand to the left or right of the digit of some images.

    Args:
        key: random key.
        images: intensities (batch, h, w).
        probability: probability that an image is changed.

    Returns:
        Images (batch, h, w).
    """
    chance, side, shown, gap = _uniform(
        key, images, (0.0, 1.0), (0.0, 1.0), (1.0, _MAX_EDGE + 1.0), (-1.0, 2.0)
    )
    shown, gap, on_right = jnp.floor(shown), jnp.floor(gap), side < 0.5
    columns = jnp.arange(images.shape[2])
    occupied = (images > _FOREGROUND).any(axis=1, keepdims=True)
    first = jnp.argmax(occupied, axis=2, keepdims=True)
    last = images.shape[2] - 1 - jnp.argmax(occupied[:, :, ::-1], axis=2, keepdims=True)
    neighbors, their_first, their_last = (jnp.roll(values, 1, axis=0) for values in (images, first, last))
    # For each column, the column of the neighbor that comes to lie there.
    right, left = columns - (last + 1 + gap) + their_first, columns - (first - 1 - gap) + their_last
    right_is_seen = (right >= their_first) & (right < their_first + shown)
    left_is_seen = (left <= their_last) & (left > their_last - shown)
    sources = jnp.clip(jnp.where(on_right, right, left), 0, images.shape[2] - 1).astype(jnp.int32)
    edges = jnp.take_along_axis(neighbors, jnp.broadcast_to(sources, images.shape), axis=2)
    edges *= jnp.where(on_right, right_is_seen, left_is_seen)
    return jnp.where(chance < probability, jnp.maximum(images, edges), images)


def _uniform(
    key: jax.Array, images: Float[Array, "batch h w"], *ranges: tuple[float, float]
) -> list[Float[Array, "batch 1 1"]]:
    """Draw one number of each range for each image."""
    numbers = draw(jax.random.uniform, key, (len(ranges), len(images), 1, 1))
    return [low + (high - low) * row for (low, high), row in zip(ranges, numbers, strict=True)]
