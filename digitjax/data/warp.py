"""Geometric augmentations: shifts by whole pixels, and one coordinate map for rotation, scale, slant and bending."""

import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.ndimage import map_coordinates
from jaxtyping import Array, Float, Shaped
from PIL.Image import Resampling

from digitjax.config import Augment
from digitjax.data.draws import draw
from digitjax.data.resampling import resize_matrix

_ELASTIC_POINTS = 5
"""Points per side of the grid of random displacements; those between are interpolated."""
_DIGIT_SIDE = 20
"""Longer side of a digit in pixels, in MNIST and after `digitjax.imaging.normalize`."""
_FOREGROUND = 0.2
"""Intensity above which a pixel belongs to the strokes when a digit is measured."""


def shift(key: jax.Array, images: Shaped[Array, "batch h w"], max_shift: int) -> Shaped[Array, "batch h w"]:
    """Translate each image by a random number of whole pixels.

    Args:
        key: random key.
        images: images (batch, h, w) of any dtype.
        max_shift: largest translation along each axis, in pixels.

    Returns:
        Shifted images (batch, h, w), filled up with zeros.
    """
    batch, height, width = images.shape
    margin = (max_shift, max_shift)
    padded = jnp.pad(images, ((0, 0), margin, margin))
    corners = draw(jax.random.randint, key, (batch, 2), minval=0, maxval=2 * max_shift + 1)
    return jax.vmap(lambda image, corner: lax.dynamic_slice(image, corner, (height, width)))(padded, corners)


def warp(key: jax.Array, images: Float[Array, "batch h w"], options: Augment) -> Float[Array, "batch h w"]:
    """Rotate, scale, stretch, shear and bend each image about its center, with one bilinear resampling.

    Args:
        key: random key.
        images: intensities (batch, h, w).
        options: strengths of the geometric augmentations.

    Returns:
        Warped images (batch, h, w).
    """
    batch, height, width = images.shape
    affine_key, elastic_key = jax.random.split(key)
    rows, columns = jnp.arange(height) - (height - 1) / 2, jnp.arange(width) - (width - 1) / 2
    grid = jnp.stack(jnp.meshgrid(rows, columns, indexing="ij"))
    maps, origins = affine_maps(affine_key, batch, options), jnp.zeros((batch, 2))
    if options.reframe:
        maps, origins = reframe(images, grid, maps)
    sources = jnp.einsum("bij,jhw->bihw", maps, grid) + origins[:, :, None, None]
    sources += jnp.array([(height - 1) / 2, (width - 1) / 2])[:, None, None]
    if options.elastic:
        sources += elastic_field(elastic_key, (batch, 2, height, width), options.elastic)
    return jax.vmap(lambda image, source: map_coordinates(image, list(source), order=1))(images, sources)


def affine_maps(key: jax.Array, batch: int, options: Augment) -> Float[Array, "batch 2 2"]:
    """Draw for each image the matrix that maps output coordinates (row, column) to input coordinates.

    Args:
        key: random key.
        batch: number of images.
        options: ranges of rotation, scale, aspect and shear.

    Returns:
        Matrices (batch, 2, 2).
    """
    limits = (math.radians(options.rotation), options.scale, options.aspect, math.radians(options.shear))
    numbers = draw(jax.random.uniform, key, (len(limits), batch), minval=-1.0)
    angle, scale, aspect, shear = (limit * row for limit, row in zip(limits, numbers, strict=True))
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    rotation = _matrices([[cos, -sin], [sin, cos]])
    shearing = _matrices([[jnp.ones(batch), jnp.zeros(batch)], [jnp.tan(shear), jnp.ones(batch)]])
    # The inverse of what happens to the digit, so that a positive `scale` enlarges it.
    heights, widths = jnp.exp(aspect / 2 - scale), jnp.exp(-aspect / 2 - scale)
    stretch = _matrices([[heights, jnp.zeros(batch)], [jnp.zeros(batch), widths]])
    return stretch @ shearing @ rotation


def reframe(
    images: Float[Array, "batch h w"], grid: Float[Array, "2 h w"], maps: Float[Array, "batch 2 2"]
) -> tuple[Float[Array, "batch 2 2"], Float[Array, "batch 2"]]:
    """Change affine maps so that each digit gets the size and the position that recognition normalizes it to.

    Its longer side becomes as many pixels as in MNIST, times the scale that was drawn, and its center of mass moves
    to the center of the image.

    Args:
        images: intensities (batch, h, w).
        grid: coordinates (2, h, w) of the pixels, relative to the center of the image.
        maps: matrices (batch, 2, 2) from output to input coordinates.

    Returns:
        New matrices (batch, 2, 2), and the input coordinates (batch, 2) that the output's center is mapped to.
    """
    foreground = (images > _FOREGROUND)[:, None]
    determinants = jnp.linalg.det(maps)
    (a, b), (c, d) = jnp.moveaxis(maps, 0, 2)
    inverses = (
        _matrices([[d, -b], [-c, a]]) / determinants[:, None, None]
    )  # `linalg.inv` compiles for seconds
    positions = jnp.einsum("bij,jhw->bihw", inverses, grid)
    first = jnp.min(positions, (2, 3), where=foreground, initial=jnp.inf)
    last = jnp.max(positions, (2, 3), where=foreground, initial=-jnp.inf)
    scales = determinants**0.5  # nothing else in a map changes areas
    sides = (last - first).max(axis=1) * scales + 1
    factors = jnp.where(foreground.any((1, 2, 3)), sides / _DIGIT_SIDE, 1)
    mass = jnp.maximum(images.sum(axis=(1, 2)), 1e-6)
    centers = jnp.einsum("bhw,ihw->bi", images, grid) / mass[:, None]
    return maps * factors[:, None, None], centers


def _matrices(entries: list[list[Array]]) -> Float[Array, "batch 2 2"]:
    return jnp.stack([jnp.stack(row, axis=-1) for row in entries], axis=-2)


def elastic_field(
    key: jax.Array, shape: tuple[int, int, int, int], sigma: float
) -> Float[Array, "batch 2 h w"]:
    """Draw smooth random displacements, after Simard, Steinkraus and Platt (2003).

    A coarse grid that is interpolated takes the place of their wide Gaussian filter.

    Args:
        key: random key.
        shape: (batch, 2, h, w).
        sigma: standard deviation of the displacements, approximately, in pixels.

    Returns:
        Displacements along rows and columns (batch, 2, h, w), in pixels.
    """
    points = draw(jax.random.normal, key, (*shape[:2], _ELASTIC_POINTS, _ELASTIC_POINTS))
    rows, columns = (resize_matrix(_ELASTIC_POINTS, side, Resampling.BICUBIC) for side in shape[2:])
    return sigma * (rows @ points @ columns.T)
