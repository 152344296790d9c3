"""Grids of small images with labels, and signed values as colors."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont

_BLUE, _ORANGE = np.array([0, 114, 178]), np.array([213, 94, 0])  # of Okabe and Ito's palette


class Row(NamedTuple):
    """A row of images with its label."""

    label: str
    images: UInt8[np.ndarray, "columns h w"] | UInt8[np.ndarray, "columns h w 3"]
    captions: Sequence[str] = ()
    """One for each image, or none."""


def image_grid(rows: Sequence[Row], scale: int = 2) -> Image.Image:
    """Lay out rows of images as one image, with the label of each row on the left.

    Args:
        rows: at least one; they may differ in length.
        scale: enlargement of a 28x28 image; images of other sizes are resized to match.

    Returns:
        The grid in RGB.
    """
    side, gap, font_size = 28 * scale, 2 * scale, 7 * scale
    font = ImageFont.load_default(font_size)
    margin = max(int(font.getlength(row.label)) for row in rows) + 2 * gap
    width = margin + max(len(row.images) for row in rows) * (side + gap)
    heights = [side + gap + bool(row.captions) * (font_size + gap) for row in rows]
    grid = Image.new("RGB", (width, sum(heights) + gap), "white")
    canvas = ImageDraw.Draw(grid)
    top = gap
    for row, height in zip(rows, heights, strict=True):
        canvas.text((gap, top + side // 2), row.label, fill="black", font=font, anchor="lm")
        for j, image in enumerate(row.images):
            resized = Image.fromarray(image).resize((side, side), Image.Resampling.NEAREST)
            grid.paste(resized, (margin + j * (side + gap), top))
        for j, caption in enumerate(row.captions):
            center = margin + j * (side + gap) + side // 2
            canvas.text((center, top + side), caption, fill="black", font=font, anchor="ma")
        top += height
    return grid


def diverging_colors(
    values: Float[np.ndarray, "n h w"], *, shared: bool = False
) -> UInt8[np.ndarray, "n h w 3"]:
    """Return values as colors of a diverging colormap: blue below 0, white at 0, orange above.

    Args:
        values: maps of any scale.
        shared: scale by the largest absolute value of all maps, not of each.
    """
    size = np.abs(values).max(axis=None if shared else (1, 2), keepdims=True)
    share = np.abs(values / np.where(size, size, 1.0))[..., None]
    color = np.where(values[..., None] < 0, _BLUE, _ORANGE)
    return np.rint(255 + share * (color - 255)).astype(np.uint8)
