"""Images to the inputs of a network, and back: training, evaluation and recognition all normalize here."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from digitjax.data.pipeline import MEAN, STD


def normalize(images: UInt8[Array | np.ndarray, "*batch 28 28"]) -> Float[Array, "*batch 28 28 1"]:
    """Return the inputs of a network, float32 (..., 28, 28, 1) of zero mean and unit variance, for uint8 images."""
    return normalize_intensities(jnp.asarray(images).astype(jnp.float32) / 255)


def normalize_intensities(images: Float[Array, "*batch 28 28"]) -> Float[Array, "*batch 28 28 1"]:
    """Return the inputs of a network, float32 (..., 28, 28, 1), for images with intensities from 0 to 1."""
    return (images[..., None] - MEAN) / STD


def denormalize(inputs: Float[Array, "*batch 28 28 1"]) -> Float[Array, "*batch 28 28"]:
    """Return the intensities from 0 to 1 (..., 28, 28) of inputs of a network: the inverse of normalization."""
    return inputs[..., 0] * STD + MEAN
