"""Augmentations: pure functions of a key and pictures, made to run inside a jitted step.

Every picture is changed in a way of its own. Strokes that belong to the digit come first. What moves ink (rotation,
scale, ..., elastic) adds up to one map of positions, so that a picture is resampled once; whole pixels of shift
follow. Then strokes become thicker or thinner; then come the changes of grey. Pictures are light ink on dark ground,
and what comes in from outside is dark.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.ndimage import map_coordinates
from jaxtyping import Array, Float, Int, Shaped, UInt8

from digitjax.config import Augment
from digitjax.data.glyph_variants import add_glyph_variants

_ELASTIC_POINTS = 5  # a side, each moved on its own; what lies between follows smoothly
_COARSE_SIDES = (11, 12, 13, 14, 15, 17, 19)  # of a whole picture; a digit fills 20 of its 28 pixels
_FITTED = 20  # longer side of a digit in MNIST, in pixels, and of one that the reader has normalised


def augment(
    key: jax.Array, images: UInt8[Array, "batch 28 28"], labels: Int[Array, " batch"], options: Augment
) -> UInt8[Array, "batch 28 28"]:
    """Return the pictures changed at random as the options say; what is not asked for costs nothing."""
    if options == Augment():
        return images
    keys = jax.random.split(key, 9)
    warp_key, shift_key, thickness_key, blur_key, noise_key, erase_key, *new_keys = keys
    strokes_key, sharpen_key, coarse_key = new_keys
    ink = images.astype(jnp.float32) / 255
    if options.glyph_variants:
        ink = add_glyph_variants(strokes_key, ink, labels, options.glyph_variants)
    if options.warps:
        ink = warp(warp_key, ink, options)
    if options.shift:
        ink = shift(shift_key, ink, options.shift)
    if options.thickness:
        ink = thicken(thickness_key, ink, options.thickness)
    if options.blur:
        ink = blur(blur_key, ink, options.blur)
    if options.sharpen:
        ink = sharpen(sharpen_key, ink, options.sharpen)
    if options.low_res:
        ink = coarsen(coarse_key, ink, options.low_res)
    if options.noise:
        ink = noise(noise_key, ink, options.noise)
    if options.erase:
        ink = erase(erase_key, ink, options.erase)
    return jnp.round(255 * jnp.clip(ink, 0, 1)).astype(jnp.uint8)


def shift(key: jax.Array, images: Shaped[Array, "batch h w"], most: int) -> Shaped[Array, "batch h w"]:
    """Move each picture by up to `most` whole pixels up or down and left or right."""
    batch, height, width = images.shape
    padded = jnp.pad(images, ((0, 0), (most, most), (most, most)))
    corners = jax.random.randint(key, (batch, 2), 0, 2 * most + 1)
    return jax.vmap(lambda image, corner: lax.dynamic_slice(image, corner, (height, width)))(padded, corners)


# ----------------------------------------------------------------------------------------- shape


def warp(key: jax.Array, ink: Float[Array, "batch h w"], options: Augment) -> Float[Array, "batch h w"]:
    """Rotate, scale, stretch, slant and bend each picture about its centre, resampling it once (bilinear)."""
    batch, height, width = ink.shape
    affine_key, elastic_key = jax.random.split(key)
    rows, columns = jnp.arange(height) - (height - 1) / 2, jnp.arange(width) - (width - 1) / 2
    grid = jnp.stack(jnp.meshgrid(rows, columns, indexing="ij"))
    maps, origins = affine_maps(affine_key, batch, options), jnp.zeros((batch, 2))
    if options.reframe:
        maps, origins = reframe(ink, grid, maps)
    sources = jnp.einsum("bij,jhw->bihw", maps, grid) + origins[:, :, None, None]
    sources += jnp.array([(height - 1) / 2, (width - 1) / 2])[:, None, None]
    if options.elastic:
        sources += elastic_field(elastic_key, (batch, 2, height, width), options.elastic)
    return jax.vmap(lambda picture, source: map_coordinates(picture, list(source), order=1))(ink, sources)


def affine_maps(key: jax.Array, batch: int, options: Augment) -> Float[Array, "batch 2 2"]:
    """Draw for each picture the matrix that leads from a place (row, column) to the one its ink comes from."""
    ranges = (math.radians(options.rotation), options.scale, options.aspect, math.radians(options.shear))
    angle, scale, aspect, shear = (
        jax.random.uniform(one_key, (batch,), minval=-most, maxval=most)
        for one_key, most in zip(jax.random.split(key, 4), ranges, strict=True)
    )
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    rotation = _matrices([[cos, -sin], [sin, cos]])
    slant = _matrices([[jnp.ones(batch), jnp.zeros(batch)], [jnp.tan(shear), jnp.ones(batch)]])
    # The inverse of what happens to the ink, so that a positive `scale` makes a digit larger.
    heights, widths = jnp.exp(aspect / 2 - scale), jnp.exp(-aspect / 2 - scale)
    stretch = _matrices([[heights, jnp.zeros(batch)], [jnp.zeros(batch), widths]])
    return stretch @ slant @ rotation


def reframe(
    ink: Float[Array, "batch h w"], grid: Float[Array, "2 h w"], maps: Float[Array, "batch 2 2"]
) -> tuple[Float[Array, "batch 2 2"], Float[Array, "batch 2"]]:
    """Change the maps so that they give each digit the size and the place that the reader gives it.

    Its longer side becomes as many pixels as in MNIST, but for what `scale` drew, and its centre of mass comes to
    lie in the middle. Returns the maps and the place, from the middle, that each map's middle comes from.
    """
    inked = (ink > 0.2)[:, None]
    places = jnp.einsum("bij,jhw->bihw", jnp.linalg.inv(maps), grid)
    first = jnp.min(places, (2, 3), where=inked, initial=jnp.inf)
    last = jnp.max(places, (2, 3), where=inked, initial=-jnp.inf)
    scales = jnp.linalg.det(maps) ** 0.5  # nothing else of a map changes areas
    sides = (last - first).max(axis=1) * scales + 1
    factors = jnp.where(inked.any((1, 2, 3)), sides / _FITTED, 1)
    mass = jnp.maximum(ink.sum(axis=(1, 2)), 1e-6)
    centres = jnp.einsum("bhw,ihw->bi", ink, grid) / mass[:, None]
    return maps * factors[:, None, None], centres


def _matrices(entries: list[list[Array]]) -> Float[Array, "batch 2 2"]:
    return jnp.stack([jnp.stack(row, axis=-1) for row in entries], axis=-2)


def elastic_field(key: jax.Array, shape: tuple[int, int, int, int], spread: float) -> Float[Array, "..."]:
    """Draw smooth displacements (batch, 2, h, w) with a standard deviation of about `spread` pixels.

    After Simard, Steinkraus and Platt (2003), with a coarse grid in place of a wide Gaussian filter.
    """
    points = jax.random.normal(key, (*shape[:2], _ELASTIC_POINTS, _ELASTIC_POINTS))
    return spread * jax.image.resize(points, shape, "cubic")


# ---------------------------------------------------------------------------------- ink and grey


def thicken(key: jax.Array, ink: Float[Array, "batch h w"], most: float) -> Float[Array, "batch h w"]:
    """Widen or narrow the strokes of each picture by up to `most` pixels (at most 1) on each side."""
    amount = _uniform(key, ink, -most, most)
    wide, narrow = _dilate(ink), -_dilate(-ink)
    return ink + jnp.maximum(amount, 0) * (wide - ink) + jnp.minimum(amount, 0) * (ink - narrow)


def _dilate(ink: Float[Array, "batch h w"]) -> Float[Array, "batch h w"]:
    """Return the largest of each pixel and its four neighbours."""
    padded = jnp.pad(ink, ((0, 0), (1, 1), (1, 1)), mode="edge")
    across = jnp.maximum(padded[:, 1:-1, :-2], padded[:, 1:-1, 2:])
    down = jnp.maximum(padded[:, :-2, 1:-1], padded[:, 2:, 1:-1])
    return jnp.maximum(ink, jnp.maximum(across, down))


def blur(key: jax.Array, ink: Float[Array, "batch h w"], most: float) -> Float[Array, "batch h w"]:
    """Convolve each picture with a Gaussian of a standard deviation of up to `most` pixels."""
    return gaussian(ink, jnp.maximum(_uniform(key, ink, 0.0, most), 1e-3))


def gaussian(
    ink: Float[Array, "batch h w"], sigma: Float[Array, "batch 1 1"] | float
) -> Float[Array, "batch h w"]:
    """Convolve each picture with a Gaussian of a standard deviation of `sigma` pixels."""

    def matrices(size: int) -> Float[Array, "*batch size size"]:
        distances = jnp.arange(size)[:, None] - jnp.arange(size)
        weights = jnp.exp(-0.5 * (distances / sigma) ** 2)
        return weights / weights.sum(axis=-1, keepdims=True)

    return matrices(ink.shape[1]) @ ink @ matrices(ink.shape[2]).mT


def sharpen(key: jax.Array, ink: Float[Array, "batch h w"], share: float) -> Float[Array, "batch h w"]:
    """Make the grey edges of a share of the pictures steep, up to hard, as small drawings have them."""
    share_key, middle_key, slope_key = jax.random.split(key, 3)
    middle = _uniform(middle_key, ink, 0.3, 0.55)
    slope = jnp.exp(_uniform(slope_key, ink, math.log(4), math.log(40)))
    low, high = jax.nn.sigmoid(-middle * slope), jax.nn.sigmoid((1 - middle) * slope)
    sharp = (jax.nn.sigmoid((ink - middle) * slope) - low) / (high - low)
    return jnp.where(_uniform(share_key, ink, 0.0, 1.0) < share, sharp, ink)


def coarsen(key: jax.Array, ink: Float[Array, "batch h w"], share: float) -> Float[Array, "batch h w"]:
    """Reduce a share of the pictures to fewer pixels and enlarge them again, as the reader does with tiny digits."""
    share_key, size_key = jax.random.split(key)
    height, width = ink.shape[1:]

    def matrices(side: int) -> Float[Array, "sizes side side"]:
        """For each size, what leads from a row of pixels to the same row reduced and enlarged."""
        rows = jnp.eye(side)
        return jnp.stack(
            [
                jax.image.resize(jax.image.resize(rows, (size, side), "linear"), (side, side), "cubic")
                for size in _COARSE_SIDES
            ]
        )

    chosen = jax.random.randint(size_key, (len(ink),), 0, len(_COARSE_SIDES))
    coarse = matrices(height)[chosen] @ ink @ matrices(width)[chosen].mT
    return jnp.where(_uniform(share_key, ink, 0.0, 1.0) < share, coarse, ink)


def noise(key: jax.Array, ink: Float[Array, "batch h w"], most: float) -> Float[Array, "batch h w"]:
    """Add to each picture Gaussian noise of a standard deviation of up to `most` (ink is 1)."""
    spread_key, noise_key = jax.random.split(key)
    return ink + _uniform(spread_key, ink, 0.0, most) * jax.random.normal(noise_key, ink.shape)


def erase(key: jax.Array, ink: Float[Array, "batch h w"], most: int) -> Float[Array, "batch h w"]:
    """Blank a rectangle of each picture, each side of up to `most` pixels (Zhong et al. 2020, arXiv 1708.04896)."""
    blank = jnp.ones(ink.shape, bool)
    for axis, axis_key in zip((1, 2), jax.random.split(key), strict=True):
        size_key, place_key = jax.random.split(axis_key)
        size = jax.random.randint(size_key, (len(ink), 1, 1), 0, most + 1)
        first = jax.random.randint(place_key, size.shape, 0, ink.shape[axis])
        place = lax.broadcasted_iota(jnp.int32, ink.shape, axis)
        blank &= (first <= place) & (place < first + size)
    return jnp.where(blank, 0, ink)


def _uniform(
    key: jax.Array, ink: Float[Array, "batch h w"], low: float, high: float
) -> Float[Array, "batch 1 1"]:
    """Draw a number for each picture."""
    return jax.random.uniform(key, (len(ink), 1, 1), minval=low, maxval=high)
