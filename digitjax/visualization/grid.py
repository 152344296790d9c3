"""Rows of small pictures laid out as one, each row behind its label; and values of any sign as colours."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont

_BLUE, _VERMILLION = np.array([0, 114, 178]), np.array([213, 94, 0])  # of Okabe and Ito


class Row(NamedTuple):
    """Pictures that stand side by side, and what they are."""

    label: str
    images: UInt8[np.ndarray, "columns h w"] | UInt8[np.ndarray, "columns h w 3"]
    captions: Sequence[str] = ()
    """Of each picture, if any."""


def picture_grid(rows: Sequence[Row], scale: int = 2) -> Image.Image:
    """Lay rows of pictures out as one picture, each row behind its label.

    Args:
        rows: at least one; they may differ in length.
        scale: side of a pixel of a picture of 28x28; others are brought to its size.
    """
    side, gap, letter = 28 * scale, 2 * scale, 7 * scale
    font = ImageFont.load_default(letter)
    margin = max(int(font.getlength(row.label)) for row in rows) + 2 * gap
    width = margin + max(len(row.images) for row in rows) * (side + gap)
    heights = [side + gap + bool(row.captions) * (letter + gap) for row in rows]
    grid = Image.new("RGB", (width, sum(heights) + gap), "white")
    canvas = ImageDraw.Draw(grid)
    top = gap
    for row, height in zip(rows, heights, strict=True):
        canvas.text((gap, top + side // 2), row.label, fill="black", font=font, anchor="lm")
        for j, image in enumerate(row.images):
            picture = Image.fromarray(image).resize((side, side), Image.Resampling.NEAREST)
            grid.paste(picture, (margin + j * (side + gap), top))
        for j, caption in enumerate(row.captions):
            middle = margin + j * (side + gap) + side // 2
            canvas.text((middle, top + side), caption, fill="black", font=font, anchor="ma")
        top += height
    return grid


def diverging(values: Float[np.ndarray, "n h w"], *, shared: bool = False) -> UInt8[np.ndarray, "n h w 3"]:
    """Colour values by their sign: blue below 0, white at 0, vermillion above.

    The strongest colour is that of the largest value of each picture or, if it is shared, of all.
    """
    size = np.abs(values).max(axis=None if shared else (1, 2), keepdims=True)
    share = np.abs(values / np.where(size, size, 1.0))[..., None]
    colour = np.where(values[..., None] < 0, _BLUE, _VERMILLION)
    return np.rint(255 + share * (colour - 255)).astype(np.uint8)
