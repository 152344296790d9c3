"""Augmentations: pure functions of a key and pictures, made to run inside a jitted step."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, UInt8

from digitjax.config import Augment


def augment(
    key: jax.Array, images: UInt8[Array, "batch 28 28"], options: Augment
) -> UInt8[Array, "batch 28 28"]:
    """Return the pictures changed at random as the options say."""
    return shift(key, images, options.shift) if options.shift else images


def shift(key: jax.Array, images: UInt8[Array, "batch h w"], most: int) -> UInt8[Array, "batch h w"]:
    """Move each picture by up to `most` whole pixels up or down and left or right; what comes in is dark."""
    batch, height, width = images.shape
    padded = jnp.pad(images, ((0, 0), (most, most), (most, most)))
    corners = jax.random.randint(key, (batch, 2), 0, 2 * most + 1)
    return jax.vmap(lambda image, corner: lax.dynamic_slice(image, corner, (height, width)))(padded, corners)
