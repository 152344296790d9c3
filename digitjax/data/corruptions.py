"""Fifteen ways to spoil pictures, each in three severities, after MNIST-C (Mu and Gilmer 2019, arXiv 1906.02337).

The ideas and their names are theirs, the implementation is our own: figures are not comparable with those of the
published MNIST-C files. Each is a pure function of a key, pictures and a severity, made to run inside `jax.jit` with
the severity static. How strong each severity is was set by eye, and once after seeing how accurate one model is on
MNIST's corrupted test pictures: figures compare models, and are no measure of their own. The same key draws
the same chances at every severity, so that a picture only gets worse.
"""

import math
from collections.abc import Callable, Mapping
from functools import wraps

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, UInt8

from digitjax.config import Augment
from digitjax.data.augment import gaussian, shift, warp

SEVERITIES = (1, 2, 3)
VERSION = 1
"""Raise it whenever the pictures change, since they are cached."""

Corruption = Callable[[jax.Array, UInt8[Array, "n 28 28"], int], UInt8[Array, "n 28 28"]]
"""Of a key, pictures and a severity the spoilt pictures."""

Ink = Float[Array, "n 28 28"]
"""Amount of ink in each pixel, 0 to 1, light on dark."""

_DARK_COUNTS = 0.1  # what a sensor counts without light, beside full ink
_ROOM = (48, 48)  # so that what moves out of a picture does not come in again on the other side


def _of_ink(change: Callable[[jax.Array, Ink, int], Ink]) -> Corruption:
    """Make a corruption of pixels from one of ink; what goes beyond black and white is cut off."""

    @wraps(change)
    def corruption(key: jax.Array, images: UInt8[Array, "n 28 28"], severity: int) -> UInt8[Array, "n 28 28"]:
        ink = change(key, images.astype(jnp.float32) / 255, severity)
        return jnp.round(255 * jnp.clip(ink, 0, 1)).astype(jnp.uint8)

    return corruption


# ----------------------------------------------------------------------------------------- noise


@_of_ink
def shot_noise(key: jax.Array, ink: Ink, severity: int) -> Ink:
    """Count few photons: Poisson noise in its Gaussian limit, whose variance grows with the light."""
    photons = (20, 8, 3)[severity - 1]
    return ink + jnp.sqrt((ink + _DARK_COUNTS) / photons) * jax.random.normal(key, ink.shape)


@_of_ink
def impulse_noise(key: jax.Array, ink: Ink, severity: int) -> Ink:
    """Turn a share of the pixels black or white: salt and pepper."""
    share = (0.04, 0.1, 0.2)[severity - 1]
    chance = jax.random.uniform(key, ink.shape)
    return jnp.where(chance < share / 2, 1.0, jnp.where(chance > 1 - share / 2, 0.0, ink))


# ------------------------------------------------------------------------------------------ blur


@_of_ink
def glass_blur(key: jax.Array, ink: Ink, severity: int) -> Ink:
    """Look through frosted glass: each pixel shows one nearby, between two slight blurs."""
    reach = (1.0, 1.5, 2.0)[severity - 1]
    moves = jnp.round(jax.random.uniform(key, (*ink.shape, 2), minval=-reach, maxval=reach)).astype(int)
    rows = jnp.clip(jnp.arange(28)[:, None] + moves[..., 0], 0, 27)
    columns = jnp.clip(jnp.arange(28) + moves[..., 1], 0, 27)
    blurred = gaussian(ink, 0.5)
    return gaussian(blurred[jnp.arange(len(ink))[:, None, None], rows, columns], 0.5)


@_of_ink
def motion_blur(key: jax.Array, ink: Ink, severity: int) -> Ink:
    """Move each picture along a line of its own while it is taken.

    In frequencies a line is a sinc, so that any direction costs one transform there and back.
    """
    length = (4, 6, 9)[severity - 1]
    angle = jax.random.uniform(key, (len(ink), 1, 1), maxval=math.pi)
    down, across = jnp.fft.fftfreq(_ROOM[0])[:, None], jnp.fft.rfftfreq(_ROOM[1])
    line = jnp.sinc(length * (down * jnp.sin(angle) + across * jnp.cos(angle)))
    return jnp.fft.irfft2(line * jnp.fft.rfft2(ink, _ROOM), _ROOM)[:, :28, :28]


# ----------------------------------------------------------------------------------------- shape


@_of_ink
def shear(key: jax.Array, ink: Ink, severity: int) -> Ink:
    """Slant each picture."""
    return warp(key, ink, Augment(shear=(25.0, 40.0, 55.0)[severity - 1]))


@_of_ink
def scale(key: jax.Array, ink: Ink, severity: int) -> Ink:
    """Enlarge or reduce each picture."""
    return warp(key, ink, Augment(scale=(0.25, 0.45, 0.65)[severity - 1]))


@_of_ink
def rotate(key: jax.Array, ink: Ink, severity: int) -> Ink:
    """Turn each picture, one way or the other."""
    return warp(key, ink, Augment(rotation=(25.0, 45.0, 65.0)[severity - 1]))


@_of_ink
def translate(key: jax.Array, ink: Ink, severity: int) -> Ink:
    """Move each picture by whole pixels."""
    return shift(key, ink, (3, 5, 8)[severity - 1])


# ----------------------------------------------------------------------------------------- light


@_of_ink
def brightness(key: jax.Array, ink: Ink, severity: int) -> Ink:
    """Lighten the ground as well as the ink, which is white already."""
    del key
    return ink + (0.1, 0.2, 0.4)[severity - 1]


@_of_ink
def stripe(key: jax.Array, ink: Ink, severity: int) -> Ink:
    """Turn light and dark round in an upright stripe."""
    width = (2, 4, 8)[severity - 1]
    middle = jax.random.uniform(key, (len(ink), 1, 1), minval=6, maxval=21)
    return jnp.where(jnp.abs(jnp.arange(28) - middle) < width / 2, 1 - ink, ink)


@_of_ink
def fog(key: jax.Array, ink: Ink, severity: int) -> Ink:
    """Veil each picture with clouds: noise of three sizes, the larger the stronger."""
    density = (0.15, 0.3, 0.5)[severity - 1]
    clouds = sum(
        jax.image.resize(jax.random.uniform(octave_key, (len(ink), side, side)), ink.shape, "cubic") / side
        for octave_key, side in zip(jax.random.split(key, 3), (4, 8, 16), strict=True)
    )
    low, high = clouds.min((1, 2), keepdims=True), clouds.max((1, 2), keepdims=True)
    return (1 - density) * ink + density * (clouds - low) / (high - low)


# ------------------------------------------------------------------------------- what lies over it


@_of_ink
def spatter(key: jax.Array, ink: Ink, severity: int) -> Ink:
    """Splash drops of ink over each picture: what of smooth noise stands out."""
    share_dry = (1.9, 1.5, 1.1)[severity - 1]
    noise = gaussian(jax.random.normal(key, ink.shape), 1.2)
    drops = noise / noise.std((1, 2), keepdims=True) - share_dry
    return jnp.maximum(ink, jnp.clip(4 * drops, 0, 1))


@_of_ink
def dotted_line(key: jax.Array, ink: Ink, severity: int) -> Ink:
    """Draw dotted lines across each picture."""

    def dots(along: Ink, across: Ink) -> Ink:
        return jnp.hypot((along + 2) % 4 - 2, across) - 1.0

    return _draw_over(key, ink, (1, 2, 4)[severity - 1], dots)


@_of_ink
def zigzag(key: jax.Array, ink: Ink, severity: int) -> Ink:
    """Draw zigzag lines across each picture."""

    def corners(along: Ink, across: Ink) -> Ink:
        return jnp.abs(across - (jnp.abs(along % 8 - 4) - 2)) * math.sqrt(0.5) - 0.6

    return _draw_over(key, ink, (1, 2, 3)[severity - 1], corners)


def _draw_over(key: jax.Array, ink: Ink, lines: int, distance: Callable[[Ink, Ink], Ink]) -> Ink:
    """Draw lines of any direction through the middle part of each picture.

    `distance` is that to the edge of what is drawn, in pixels, at places along and across a line; inside it is
    negative.
    """
    rows, columns = jnp.arange(28)[:, None] - 13.5, jnp.arange(28) - 13.5
    for line_key in jax.random.split(key, 4)[:lines]:
        angle, along, across = jax.random.uniform(line_key, (3, len(ink), 1, 1), minval=-1)
        cos, sin = jnp.cos(math.pi * angle), jnp.sin(math.pi * angle)
        places = columns * cos + rows * sin + 4 * along, rows * cos - columns * sin + 8 * across
        ink = jnp.maximum(ink, jnp.clip(0.5 - distance(*places), 0, 1))
    return ink


# ----------------------------------------------------------------------------------------- edges


@_of_ink
def canny_edges(key: jax.Array, ink: Ink, severity: int) -> Ink:
    """Let the edges appear and the rest fade away (Canny 1986, "A computational approach to edge detection")."""
    del key
    down, across = jnp.gradient(gaussian(ink, 0.7), axis=(1, 2))
    strength = jnp.hypot(down, across)
    thin = jnp.where(_is_ridge(strength, jnp.arctan2(down, across)), strength, 0)
    peak = strength.max((1, 2), keepdims=True)
    weak, strong = thin > 0.1 * peak, thin > 0.3 * peak
    edges = lax.fori_loop(0, 8, lambda _, found: weak & _spread(found), strong)
    share = (0.5, 0.75, 1.0)[severity - 1]
    return (1 - share) * ink + share * edges


def _is_ridge(strength: Ink, direction: Ink) -> Array:
    """Whether each pixel is no weaker than its two neighbours in the nearest of four directions."""
    padded = jnp.pad(strength, ((0, 0), (1, 1), (1, 1)))

    def neighbour(down: int, right: int) -> Ink:
        return padded[:, 1 + down : 29 + down, 1 + right : 29 + right]

    steps = ((0, 1), (1, 1), (1, 0), (1, -1))
    highest = [jnp.maximum(neighbour(y, x), neighbour(-y, -x)) for y, x in steps]
    sector = jnp.round(direction / (math.pi / 4)).astype(int) % 4
    return strength >= lax.select_n(sector, *highest)


def _spread(mask: Array) -> Array:
    """Whether each pixel or one of its eight neighbours is in the mask."""
    return lax.reduce_window(mask, False, lax.bitwise_or, (1, 3, 3), (1, 1, 1), "SAME")


CORRUPTIONS: Mapping[str, Corruption] = {
    corruption.__name__: corruption
    for corruption in (
        shot_noise,
        impulse_noise,
        glass_blur,
        motion_blur,
        shear,
        scale,
        rotate,
        brightness,
        translate,
        stripe,
        fog,
        spatter,
        dotted_line,
        zigzag,
        canny_edges,
    )
}
"""By name, in the order of MNIST-C."""
