"""Local contrast: a picture without its paper's color, shading and contrast, as the input of a network."""

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from digitjax.imaging.cells import average_cells, enlarge_cells, smooth_cells

CHANNELS = 5
"""Red, green and blue less their surroundings, and gray over the deviation of its narrow and its wide surroundings."""
VOTE_UNIT = 32
"""Pixels to a unit of the votes of the network whose input this is."""

_NARROW, _WIDE = 31, 95  # sides of the surroundings, in pixels, for digits 12 to 80 pixels high
_MIN_DEVIATION = 0.02  # deviation, in shares of white, below which surroundings count as blank
_COLOR_GAIN = 2.0
_LIMIT = 2.0  # largest value of a channel


def local_contrast(pixels: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 5"]:
    """Compute the contrast of each pixel to its surroundings.

    The negative of a picture gives the negative of its contrast.

    Args:
        pixels: a picture in RGB.

    Returns:
        `CHANNELS` numbers a pixel, -2 to 2.
    """
    planes = [pixels[..., channel] * np.float32(1 / 255) for channel in range(3)]
    gray = (planes[0] + planes[1] + planes[2]) * np.float32(1 / 3)
    colors = [average_cells(plane) for plane in planes]
    gray_cells, squares = (colors[0] + colors[1] + colors[2]) / 3, average_cells(gray * gray)
    result = np.empty((*gray.shape, CHANNELS), np.float32)
    for channel, (plane, cells) in enumerate(zip(planes, colors, strict=True)):
        difference = plane - enlarge_cells(smooth_cells(cells, _WIDE), plane.shape)
        np.multiply(difference, np.float32(_COLOR_GAIN), out=result[..., channel])
    for channel, side in ((3, _NARROW), (4, _WIDE)):
        mean = smooth_cells(gray_cells, side)
        deviation = np.sqrt(np.maximum(smooth_cells(squares, side) - mean**2, 0)) + _MIN_DEVIATION
        difference = gray - enlarge_cells(mean, gray.shape)
        np.multiply(difference, enlarge_cells(0.5 / deviation, gray.shape), out=result[..., channel])
    return np.clip(result, -_LIMIT, _LIMIT, out=result)


def resize_picture(
    pixels: UInt8[np.ndarray, "h w 3"], height: int, width: int
) -> UInt8[np.ndarray, "h2 w2 3"]:
    """Resize a picture as the network that finds strokes is trained on.

    Args:
        pixels: a picture in RGB.
        height: of the result, in pixels.
        width: of the result, in pixels.

    Returns:
        The picture in its new size.
    """
    if pixels.shape[:2] == (height, width):
        return pixels
    method = Image.Resampling.BICUBIC if height > pixels.shape[0] else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(pixels).resize((width, height), method, reducing_gap=2.0))
