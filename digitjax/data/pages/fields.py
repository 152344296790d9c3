"""What the stages of a page share: their form, random fields, lines and edges."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32
from PIL import Image

from digitjax.data.pages.layout import Sheet

Pixels = Float32[np.ndarray, "h w _"]
"""Light of a page: one channel (grey) or three (red, green and blue), 0 to 1."""
Field = Float32[np.ndarray, "_ _"]
"""One number a pixel."""
Color = float | int | tuple[float, float, float]
"""A grey, or red, green and blue, 0 to 1."""
Step = Callable[[Pixels, Sheet, np.random.Generator], Pixels]
"""A step of a page: from its pixels, what is written on it and random numbers to new pixels of the same size."""


def smooth_field(shape: tuple[int, ...], cells: float | int, rng: np.random.Generator) -> Field:
    """Draw a smooth random field.

    Args:
        shape: height and width, in pixels.
        cells: random numbers along the longer side, at least 2; between them the field is interpolated.
        rng: random numbers.

    Returns:
        Float32 (h, w), evenly distributed in 0 to 1 at the random numbers.
    """
    side = max(shape[:2])
    grid = [max(2, round(cells * length / side)) for length in shape[:2]]
    field = Image.fromarray(rng.random(grid, np.float32))
    return np.asarray(field.resize((shape[1], shape[0]), Image.Resampling.BICUBIC)).clip(0, 1)


def grid_noise(shape: tuple[int, ...], size: float | int, rng: np.random.Generator) -> Field:
    """Draw fine noise.

    Args:
        shape: height and width, in pixels.
        size: of its grains, in pixels.
        rng: random numbers.

    Returns:
        Float32 (h, w), about standard normal.
    """
    grid = [max(2, round(length / max(size, 1))) for length in shape[:2]]
    noise = Image.fromarray(rng.standard_normal(grid, np.float32))
    return np.asarray(noise.resize((shape[1], shape[0]), Image.Resampling.BILINEAR))


def half_plane(
    shape: tuple[int, ...], angle: float | int, offset: float | int, softness: float | int
) -> Field:
    """Return where a page lies beyond a straight line.

    Args:
        shape: height and width, in pixels.
        angle: direction in which it lies beyond, in degrees: 0 to the right, 90 downwards.
        offset: distance of the line from the middle of the page, in pixels.
        softness: width of the edge, in pixels.

    Returns:
        0 on this side to 1 beyond.
    """
    height, width = shape[:2]
    across, down = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    x = (np.arange(width, dtype=np.float32) - width / 2) * np.float32(across)
    y = (np.arange(height, dtype=np.float32) - height / 2) * np.float32(down)
    return np.clip((x + y[:, None] - np.float32(offset)) / np.float32(max(softness, 1)) + 0.5, 0, 1)


def stripes(shape: tuple[int, ...], spacing: float, phase: float, width: float, slope: float) -> Field:
    """Return the coverage of level lines at equal distances.

    Args:
        shape: height and width, in pixels.
        spacing: from line to line, in pixels.
        phase: place of one of them at the left border, in pixels from the top.
        width: of a line, in pixels.
        slope: rise of the lines downwards, in pixels a pixel.

    Returns:
        Share of each pixel that is covered, 0 to 1.
    """
    height, page_width = shape[:2]
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(phase)
    place = y - np.float32(slope) * np.arange(page_width, dtype=np.float32)
    distance = np.abs((place + spacing / 2) % spacing - spacing / 2)
    return np.clip(0.5 + max(width, 1) / 2 - distance, 0, 1) * np.float32(min(width, 1))


def blend(pixels: Pixels, coverage: Field, color: Color) -> Pixels:
    """Cover pixels with a color, each by its share.

    Args:
        pixels: float32 (h, w, channels).
        coverage: share of each pixel that the color covers, float32 (h, w).
        color: grey or RGB; RGB turns grey pixels into RGB.

    Returns:
        New pixels.
    """
    over = as_color(color)
    if len(over) > pixels.shape[2]:
        pixels = np.repeat(pixels, 3, axis=2)
    return pixels + coverage[..., None] * (over - pixels)


def as_color(color: Color) -> Float32[np.ndarray, " channels"]:
    """Return a color as an array of one channel or three."""
    return np.atleast_1d(np.asarray(color, np.float32))
