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
    images: UInt8[np.ndarray, "columns h w"] | UInt8[np.ndarray, "columns h w 4"]
    """Grey, or RGBA."""
    captions: Sequence[str] = ()
    """One for each image, or none."""


def image_grid(
    rows: Sequence[Row], scale: int = 2, *, text_color: str = "black", background: str = "white"
) -> Image.Image:
    """Lay out rows of images as one image, with the label of each row on the left.

    Args:
        rows: at least one; they may differ in length.
        scale: enlargement of a 28x28 image; images of other sizes are resized to match.
        text_color: of labels and captions.
        background: color around the images, and behind transparent ones.

    Returns:
        The grid in RGBA.
    """
    side, gap, font_size = 28 * scale, 2 * scale, 7 * scale
    font = ImageFont.load_default(font_size)
    margin = max(int(font.getlength(row.label)) for row in rows) + 2 * gap
    width = margin + max(len(row.images) for row in rows) * (side + gap)
    heights = [side + gap + bool(row.captions) * (font_size + gap) for row in rows]
    grid = Image.new("RGBA", (width, sum(heights) + gap), background)
    canvas = ImageDraw.Draw(grid)
    top = gap
    for row, height in zip(rows, heights, strict=True):
        canvas.text((gap, top + side // 2), row.label, fill=text_color, font=font, anchor="lm")
        for j, image in enumerate(row.images):
            resized = Image.fromarray(image).resize((side, side), Image.Resampling.NEAREST)
            grid.alpha_composite(resized.convert("RGBA"), (margin + j * (side + gap), top))
        for j, caption in enumerate(row.captions):
            center = margin + j * (side + gap) + side // 2
            canvas.text((center, top + side), caption, fill=text_color, font=font, anchor="ma")
        top += height
    return grid


def diverging_colors(
    values: Float[np.ndarray, "n h w"], *, shared: bool = False
) -> UInt8[np.ndarray, "n h w 4"]:
    """Return values as RGBA colors: blue below 0, orange above; the nearer to 0, the more transparent.

    Args:
        values: maps of any scale.
        shared: scale by the largest absolute value of all maps, not of each.
    """
    size = np.abs(values).max(axis=None if shared else (1, 2), keepdims=True)
    share = np.abs(values / np.where(size, size, 1.0))[..., None]
    color = np.where(values[..., None] < 0, _BLUE, _ORANGE)
    return np.concatenate([color, np.rint(255 * share)], axis=-1).astype(np.uint8)
