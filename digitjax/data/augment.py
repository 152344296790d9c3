"""Random augmentations of training images: pure functions of a key and a batch, made to run inside a jitted step.

Glyph variants come first, since they belong to the digit; then what segmentation may do to it. All
geometric changes (rotation, scale, ..., elastic) add up to one coordinate map, so that an image is resampled once;
shifts by whole pixels follow, then the thickness of strokes, then changes of intensity. Images show bright strokes on
a dark background, and what moves in from outside is dark.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, UInt8
from PIL.Image import Resampling

from digitjax.config import Augment
from digitjax.data.draws import draw
from digitjax.data.glyph_variants import add_glyph_variants
from digitjax.data.resampling import resize_matrix
from digitjax.data.segmentation_errors import add_neighbors, break_strokes
from digitjax.data.warp import shift, warp

_REDUCED_SIDES = (10, 11, 12, 13, 14, 15, 17, 19)
"""Sides in pixels of a whole image of reduced resolution; of its 28 pixels a digit fills 20."""


def augment(
    key: jax.Array, images: UInt8[Array, "batch 28 28"], labels: Int[Array, " batch"], options: Augment
) -> UInt8[Array, "batch 28 28"]:
    """Augment images at random; an option that is off costs nothing.

    Args:
        key: random key.
        images: uint8 (batch, 28, 28), bright strokes on dark background.
        labels: digits (batch,), which decide the glyph variants.
        options: strengths of the augmentations.

    Returns:
        Augmented images, uint8 (batch, 28, 28).
    """
    if options == Augment():
        return images
    keys = jax.random.split(key, 9)
    warp_key, shift_key, thickness_key, blur_key, noise_key, erase_key, *later_keys = keys
    glyph_key, sharpen_key, resolution_key = later_keys  # added last: the others draw what they always drew
    changed = images.astype(jnp.float32) / 255
    if options.glyph_variants:
        changed = add_glyph_variants(glyph_key, changed, labels, options.glyph_variants)
    if options.breaks:
        changed = break_strokes(jax.random.fold_in(key, 10), changed, options.breaks)
    if options.neighbors:
        changed = add_neighbors(jax.random.fold_in(key, 11), changed, options.neighbors)
    if options.warps:
        changed = warp(warp_key, changed, options)
    if options.shift:
        changed = shift(shift_key, changed, options.shift)
    if options.thickness:
        changed = thicken(thickness_key, changed, options.thickness)
    if options.blur:
        changed = blur(blur_key, changed, options.blur)
    if options.sharpen:
        changed = sharpen(sharpen_key, changed, options.sharpen)
    if options.low_res:
        changed = reduce_resolution(resolution_key, changed, options.low_res)
    if options.noise:
        changed = add_noise(noise_key, changed, options.noise)
    if options.erase:
        changed = erase(erase_key, changed, options.erase)
    return jnp.round(255 * jnp.clip(changed, 0, 1)).astype(jnp.uint8)


# -------------------------------------------------------------------------- strokes and intensity


def thicken(
    key: jax.Array, images: Float[Array, "batch h w"], max_change: float
) -> Float[Array, "batch h w"]:
    """Make the strokes of each image thicker or thinner.

    Args:
        key: random key.
        images: intensities (batch, h, w).
        max_change: largest change on each side of a stroke, in pixels, at most 1.

    Returns:
        Images (batch, h, w).
    """
    amount = _uniform(key, images, -max_change, max_change)
    wide, narrow = _dilate(images), -_dilate(-images)
    return images + jnp.maximum(amount, 0) * (wide - images) + jnp.minimum(amount, 0) * (images - narrow)


def _dilate(images: Float[Array, "batch h w"]) -> Float[Array, "batch h w"]:
    """Return the maximum of each pixel and its four neighbors."""
    padded = jnp.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
    across = jnp.maximum(padded[:, 1:-1, :-2], padded[:, 1:-1, 2:])
    down = jnp.maximum(padded[:, :-2, 1:-1], padded[:, 2:, 1:-1])
    return jnp.maximum(images, jnp.maximum(across, down))


def blur(key: jax.Array, images: Float[Array, "batch h w"], max_sigma: float) -> Float[Array, "batch h w"]:
    """Blur each image with a Gaussian of random width.

    Args:
        key: random key.
        images: intensities (batch, h, w).
        max_sigma: largest standard deviation of the Gaussian, in pixels.

    Returns:
        Blurred images (batch, h, w).
    """
    return gaussian_blur(images, jnp.maximum(_uniform(key, images, 0.0, max_sigma), 1e-3))


def gaussian_blur(
    images: Float[Array, "batch h w"], sigma: Float[Array, "batch 1 1"] | float
) -> Float[Array, "batch h w"]:
    """Convolve each image with a Gaussian.

    Args:
        images: intensities (batch, h, w).
        sigma: standard deviation in pixels, one for all images or (batch, 1, 1).

    Returns:
        Blurred images (batch, h, w).
    """

    def matrices(size: int) -> Float[Array, "*batch size size"]:
        distances = jnp.arange(size)[:, None] - jnp.arange(size)
        weights = jnp.exp(-0.5 * (distances / sigma) ** 2)
        return weights / weights.sum(axis=-1, keepdims=True)

    return matrices(images.shape[1]) @ images @ matrices(images.shape[2]).mT


def sharpen(
    key: jax.Array, images: Float[Array, "batch h w"], probability: float
) -> Float[Array, "batch h w"]:
    """Steepen the edges of some images, up to a threshold, as strokes drawn with a mouse have them.

    Args:
        key: random key.
        images: intensities (batch, h, w).
        probability: probability that an image is changed.

    Returns:
        Images (batch, h, w).
    """
    changed_key, middle_key, slope_key = jax.random.split(key, 3)
    middle = _uniform(middle_key, images, 0.3, 0.55)
    slope = jnp.exp(_uniform(slope_key, images, math.log(4), math.log(40)))
    low, high = jax.nn.sigmoid(-middle * slope), jax.nn.sigmoid((1 - middle) * slope)
    sharpened = (jax.nn.sigmoid((images - middle) * slope) - low) / (high - low)
    return jnp.where(_uniform(changed_key, images, 0.0, 1.0) < probability, sharpened, images)


def reduce_resolution(
    key: jax.Array, images: Float[Array, "batch h w"], probability: float
) -> Float[Array, "batch h w"]:
    """Downsample some images and upsample them again, as recognition does with tiny digits.

    Args:
        key: random key.
        images: intensities (batch, h, w).
        probability: probability that an image is changed.

    Returns:
        Images (batch, h, w).
    """
    changed_key, size_key = jax.random.split(key)
    height, width = images.shape[1:]

    def matrices(side: int) -> Float[np.ndarray, "sizes side side"]:
        """Return for each size the matrix that resizes a row of pixels to it and back."""
        return np.stack(
            [
                resize_matrix(size, side, Resampling.BICUBIC) @ resize_matrix(side, size, Resampling.BILINEAR)
                for size in _REDUCED_SIDES
            ]
        )

    sizes = jax.random.randint(size_key, (len(images),), 0, len(_REDUCED_SIDES))
    rows, columns = (jnp.asarray(matrices(side))[sizes] for side in (height, width))
    reduced = rows @ images @ columns.mT
    return jnp.where(_uniform(changed_key, images, 0.0, 1.0) < probability, reduced, images)


def add_noise(
    key: jax.Array, images: Float[Array, "batch h w"], max_sigma: float
) -> Float[Array, "batch h w"]:
    """Add Gaussian noise of a random strength to each image.

    Args:
        key: random key.
        images: intensities (batch, h, w), 0 to 1.
        max_sigma: largest standard deviation of the noise, as an intensity.

    Returns:
        Noisy images (batch, h, w), not clipped.
    """
    sigma_key, noise_key = jax.random.split(key)
    return images + _uniform(sigma_key, images, 0.0, max_sigma) * draw(
        jax.random.normal, noise_key, images.shape
    )


def erase(key: jax.Array, images: Float[Array, "batch h w"], max_side: int) -> Float[Array, "batch h w"]:
    """Set a random rectangle of each image to 0 (Zhong et al. 2020, arXiv 1708.04896).

    Args:
        key: random key.
        images: intensities (batch, h, w).
        max_side: largest side of the rectangle, in pixels.

    Returns:
        Images (batch, h, w).
    """
    erased = jnp.ones(images.shape, bool)
    for axis, axis_key in zip((1, 2), jax.random.split(key), strict=True):
        size_key, position_key = jax.random.split(axis_key)
        size = draw(jax.random.randint, size_key, (len(images), 1, 1), minval=0, maxval=max_side + 1)
        first = draw(jax.random.randint, position_key, size.shape, minval=0, maxval=images.shape[axis])
        position = lax.broadcasted_iota(jnp.int32, images.shape, axis)
        erased &= (first <= position) & (position < first + size)
    return jnp.where(erased, 0, images)


def _uniform(
    key: jax.Array, images: Float[Array, "batch h w"], low: float, high: float
) -> Float[Array, "batch 1 1"]:
    """Draw one number for each image."""
    return draw(jax.random.uniform, key, (len(images), 1, 1), minval=low, maxval=high)
