"""Fifteen corruptions of images, each in three severities, after MNIST-C (Mu and Gilmer 2019, arXiv 1906.02337).

The ideas and their names are theirs, the implementation is our own: figures are not comparable with those of the
published MNIST-C files. Each is a pure function, made to run inside `jax.jit` with the severity static. How strong
each severity is was set by eye, and once more after seeing the accuracy of one model on MNIST's corrupted test
images: figures compare models, and are no measure of their own. The same key draws the same random numbers at every
severity, so that an image only gets worse.
"""

import math
from collections.abc import Callable, Mapping
from functools import wraps

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, UInt8

from digitjax.config import Augment
from digitjax.data.augment import gaussian_blur
from digitjax.data.draws import draw
from digitjax.data.warp import shift, warp

SEVERITIES = (1, 2, 3)
VERSION = 1
"""Part of the name in the cache: raise it whenever any corrupted image changes."""

Corruption = Callable[[jax.Array, UInt8[Array, "n 28 28"], int], UInt8[Array, "n 28 28"]]
"""Function of a random key, images and a severity that returns the corrupted images."""

Intensities = Float[Array, "n 28 28"]
"""Images with intensities from 0 to 1, bright strokes on dark background."""

_DARK_CURRENT = 0.1
"""Signal of an imaging sensor without light, as an intensity."""
_FFT_SHAPE = (48, 48)
"""Height and width in pixels that images are padded to, so that a motion blur does not wrap around their edges."""


def _on_intensities(change: Callable[[jax.Array, Intensities, int], Intensities]) -> Corruption:
    """Turn a function of intensities into one of pixels; intensities beyond 0 and 1 are clipped."""

    @wraps(change)
    def corruption(key: jax.Array, images: UInt8[Array, "n 28 28"], severity: int) -> UInt8[Array, "n 28 28"]:
        changed = change(key, images.astype(jnp.float32) / 255, severity)
        return jnp.round(255 * jnp.clip(changed, 0, 1)).astype(jnp.uint8)

    return corruption


# ----------------------------------------------------------------------------------------- noise


@_on_intensities
def _shot_noise(key: jax.Array, images: Intensities, severity: int) -> Intensities:
    """Add the shot noise of few photons: Poisson noise in its Gaussian limit, whose variance grows with the signal."""
    photons = (20, 8, 3)[severity - 1]
    return images + jnp.sqrt((images + _DARK_CURRENT) / photons) * draw(jax.random.normal, key, images.shape)


@_on_intensities
def _impulse_noise(key: jax.Array, images: Intensities, severity: int) -> Intensities:
    """Set a share of the pixels to black or white (salt and pepper noise)."""
    probability = (0.04, 0.1, 0.2)[severity - 1]
    drawn = draw(jax.random.uniform, key, images.shape)
    return jnp.where(drawn < probability / 2, 1.0, jnp.where(drawn > 1 - probability / 2, 0.0, images))


# ------------------------------------------------------------------------------------------ blur


@_on_intensities
def _glass_blur(key: jax.Array, images: Intensities, severity: int) -> Intensities:
    """Simulate frosted glass: replace each pixel by one nearby, between two slight blurs."""
    reach = (1.0, 1.5, 2.0)[severity - 1]
    moves = jnp.round(draw(jax.random.uniform, key, (*images.shape, 2), minval=-reach, maxval=reach)).astype(
        int
    )
    rows = jnp.clip(jnp.arange(28)[:, None] + moves[..., 0], 0, 27)
    columns = jnp.clip(jnp.arange(28) + moves[..., 1], 0, 27)
    blurred = gaussian_blur(images, 0.5)
    return gaussian_blur(blurred[jnp.arange(len(images))[:, None, None], rows, columns], 0.5)


@_on_intensities
def _motion_blur(key: jax.Array, images: Intensities, severity: int) -> Intensities:
    """Blur each image along a line of random direction, as when the camera moves.

    The Fourier transform of a line is a sinc, so that any direction costs one transform and its inverse.
    """
    length = (4, 6, 9)[severity - 1]
    angle = draw(jax.random.uniform, key, (len(images), 1, 1), maxval=math.pi)
    down, across = jnp.fft.fftfreq(_FFT_SHAPE[0])[:, None], jnp.fft.rfftfreq(_FFT_SHAPE[1])
    line = jnp.sinc(length * (down * jnp.sin(angle) + across * jnp.cos(angle)))
    return jnp.fft.irfft2(line * jnp.fft.rfft2(images, _FFT_SHAPE), _FFT_SHAPE)[:, :28, :28]


# -------------------------------------------------------------------------------------- geometry


@_on_intensities
def _shear(key: jax.Array, images: Intensities, severity: int) -> Intensities:
    """Shear each image at random."""
    return warp(key, images, Augment(shear=(25.0, 40.0, 55.0)[severity - 1]))


@_on_intensities
def _scale(key: jax.Array, images: Intensities, severity: int) -> Intensities:
    """Scale each image at random."""
    return warp(key, images, Augment(scale=(0.25, 0.45, 0.65)[severity - 1]))


@_on_intensities
def _rotate(key: jax.Array, images: Intensities, severity: int) -> Intensities:
    """Rotate each image at random, in either direction."""
    return warp(key, images, Augment(rotation=(25.0, 45.0, 65.0)[severity - 1]))


@_on_intensities
def _translate(key: jax.Array, images: Intensities, severity: int) -> Intensities:
    """Translate each image by a random number of whole pixels."""
    return shift(key, images, (3, 5, 8)[severity - 1])


# ------------------------------------------------------------------------------------- intensity


@_on_intensities
def _brightness(key: jax.Array, images: Intensities, severity: int) -> Intensities:
    """Brighten the background; the strokes are white already."""
    del key
    return images + (0.1, 0.2, 0.4)[severity - 1]


@_on_intensities
def _stripe(key: jax.Array, images: Intensities, severity: int) -> Intensities:
    """Invert a vertical stripe."""
    width = (2, 4, 8)[severity - 1]
    middle = draw(jax.random.uniform, key, (len(images), 1, 1), minval=6, maxval=21)
    return jnp.where(jnp.abs(jnp.arange(28) - middle) < width / 2, 1 - images, images)


@_on_intensities
def _fog(key: jax.Array, images: Intensities, severity: int) -> Intensities:
    """Blend each image with fog: smooth noise of three scales, the coarsest the strongest."""
    density = (0.15, 0.3, 0.5)[severity - 1]
    clouds = sum(
        jax.image.resize(
            draw(jax.random.uniform, octave_key, (len(images), side, side)), images.shape, "cubic"
        )
        / side
        for octave_key, side in zip(jax.random.split(key, 3), (4, 8, 16), strict=True)
    )
    low, high = clouds.min((1, 2), keepdims=True), clouds.max((1, 2), keepdims=True)
    return (1 - density) * images + density * (clouds - low) / (high - low)


# -------------------------------------------------------------------------------------- overlays


@_on_intensities
def _spatter(key: jax.Array, images: Intensities, severity: int) -> Intensities:
    """Spatter drops over each image: the peaks of smooth noise."""
    threshold = (1.9, 1.5, 1.1)[severity - 1]
    noise = gaussian_blur(draw(jax.random.normal, key, images.shape), 1.2)
    drops = noise / noise.std((1, 2), keepdims=True) - threshold
    return jnp.maximum(images, jnp.clip(4 * drops, 0, 1))


@_on_intensities
def _dotted_line(key: jax.Array, images: Intensities, severity: int) -> Intensities:
    """Draw dotted lines across each image."""

    def dots(along: Array, across: Array) -> Array:
        return jnp.hypot((along + 2) % 4 - 2, across) - 1.0

    return _draw_over(key, images, (1, 2, 4)[severity - 1], dots)


@_on_intensities
def _zigzag(key: jax.Array, images: Intensities, severity: int) -> Intensities:
    """Draw zigzag lines across each image."""

    def corners(along: Array, across: Array) -> Array:
        return jnp.abs(across - (jnp.abs(along % 8 - 4) - 2)) * math.sqrt(0.5) - 0.6

    return _draw_over(key, images, (1, 2, 3)[severity - 1], corners)


def _draw_over(
    key: jax.Array,
    images: Intensities,
    lines: int,
    distance: Callable[[Array, Array], Array],
) -> Intensities:
    """Draw lines of random direction through the central part of each image.

    `distance` maps coordinates along and across a line to the signed distance from the edge of what is drawn, in
    pixels, which is negative inside.
    """
    rows, columns = jnp.arange(28)[:, None] - 13.5, jnp.arange(28) - 13.5
    for line_key in jax.random.split(key, 4)[:lines]:
        angle, along, across = draw(jax.random.uniform, line_key, (3, len(images), 1, 1), minval=-1)
        cos, sin = jnp.cos(math.pi * angle), jnp.sin(math.pi * angle)
        coordinates = columns * cos + rows * sin + 4 * along, rows * cos - columns * sin + 8 * across
        images = jnp.maximum(images, jnp.clip(0.5 - distance(*coordinates), 0, 1))
    return images


# ----------------------------------------------------------------------------------------- edges


@_on_intensities
def _canny_edges(key: jax.Array, images: Intensities, severity: int) -> Intensities:
    """Blend each image with its edges (Canny 1986, "A computational approach to edge detection")."""
    del key
    down, across = jnp.gradient(gaussian_blur(images, 0.7), axis=(1, 2))
    strength = jnp.hypot(down, across)
    thin = jnp.where(_is_ridge(strength, jnp.arctan2(down, across)), strength, 0)
    peak = strength.max((1, 2), keepdims=True)
    weak, strong = thin > 0.1 * peak, thin > 0.3 * peak
    edges = lax.fori_loop(0, 8, lambda _, found: weak & _dilate(found), strong)
    opacity = (0.5, 0.75, 1.0)[severity - 1]
    return (1 - opacity) * images + opacity * edges


def _is_ridge(strength: Array, direction: Array) -> Array:
    """Return whether each pixel is at least as strong as its two neighbors in the nearest of four directions."""
    padded = jnp.pad(strength, ((0, 0), (1, 1), (1, 1)))

    def neighbor(down: int, right: int) -> Array:
        return padded[:, 1 + down : 29 + down, 1 + right : 29 + right]

    steps = ((0, 1), (1, 1), (1, 0), (1, -1))
    highest = [jnp.maximum(neighbor(y, x), neighbor(-y, -x)) for y, x in steps]
    sector = jnp.round(direction / (math.pi / 4)).astype(int) % 4
    return strength >= lax.select_n(sector, *highest)


def _dilate(mask: Array) -> Array:
    """Return whether each pixel or one of its eight neighbors is in the mask."""
    return lax.reduce_window(mask, False, lax.bitwise_or, (1, 3, 3), (1, 1, 1), "SAME")


CORRUPTIONS: Mapping[str, Corruption] = {
    corruption.__name__.removeprefix("_"): corruption
    for corruption in (
        _shot_noise,
        _impulse_noise,
        _glass_blur,
        _motion_blur,
        _shear,
        _scale,
        _rotate,
        _brightness,
        _translate,
        _stripe,
        _fog,
        _spatter,
        _dotted_line,
        _zigzag,
        _canny_edges,
    )
}
"""The corruptions by name, in the order of MNIST-C."""
