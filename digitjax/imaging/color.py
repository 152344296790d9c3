"""Conversion of decoded images to 8-bit RGB: deep grayscale is rescaled, transparency is composited."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from PIL import Image

_LUMINANCE = np.array([0.299, 0.587, 0.114])  # weights of red, green and blue (ITU-R 601)


@dataclass(frozen=True)
class ColorParams:
    """Parameters of `to_rgb`.

    The bit depths are those of cameras and scanners; on which pictures the other values were chosen is not recorded.
    """

    bit_depths: tuple[int, ...] = (1, 8, 10, 12, 14, 16, 24, 32)
    """Bits per pixel that deep grayscale may have, in ascending order."""
    symmetric_below: float = -0.25
    """Smallest value, with the largest magnitude at 1, below which the values range from -1 to 1."""
    min_opaque_alpha: int = 128
    """Alpha, 0 to 255, from which a picture without clearer pixels counts as opaque."""
    min_page_fill: float = 0.6
    """Visible share of the bounding box of the visible pixels from which they are a page, not strokes."""
    min_page_contrast: int = 50
    """Range of luminance, 0 to 255, from which the visible pixels are a page with writing on it."""
    dark_below: int = 160
    """Median luminance, 0 to 255, of strokes that get a white background; lighter ones get a black one."""


def to_rgb(image: Image.Image, params: ColorParams = ColorParams()) -> UInt8[np.ndarray, "h w 3"]:
    """Convert an image to 8-bit RGB.

    Args:
        image: in Pillow's mode F (more than 8 bits), RGBA (transparent) or RGB.
        params: parameters of the conversion.

    Returns:
        The colors as displayed.
    """
    if image.mode == "F":
        return np.repeat(_to_eight_bits(np.asarray(image), params)[..., None], 3, axis=-1)
    if image.mode == "RGBA":
        return _composite(np.asarray(image), params)
    return np.asarray(image)


def _to_eight_bits(values: Float32[np.ndarray, "h w"], params: ColorParams) -> UInt8[np.ndarray, "h w"]:
    """Scale deep grayscale by the range that it uses: 1, or that of the smallest bit depth that holds it.

    A type says too little: cameras and scanners leave 10, 12 or 14 bits in 16, and floats may mean 0 to 1 or
    0 to 255. The largest value alone would make a dark picture bright. Negative values mean a symmetric range.
    """
    values = np.nan_to_num(values)
    largest = np.abs(values).max()
    full = next((2.0**bits - 1 for bits in params.bit_depths if largest < 2**bits), largest)
    scaled = values / np.float32(full)
    if scaled.min() < params.symmetric_below:
        scaled = (scaled + 1) / 2
    return np.rint(255 * scaled.clip(0, 1)).astype(np.uint8)


def _composite(pixels: UInt8[np.ndarray, "h w 4"], params: ColorParams) -> UInt8[np.ndarray, "h w 3"]:
    """Composite a picture over a background; an opaque or a fully clear one just loses its alpha channel."""
    colors, alpha = pixels[..., :3], pixels[..., 3]
    if alpha.min() >= params.min_opaque_alpha or not alpha.any():
        return colors
    visible = alpha > alpha.max() // 2
    opacity = alpha[..., None] / np.float32(255)
    background = _background(colors[visible], visible, params)
    return np.rint(colors * opacity + background * (1 - opacity)).astype(np.uint8)


def _background(
    colors: UInt8[np.ndarray, "n 3"], visible: Bool[np.ndarray, "h w"], params: ColorParams
) -> Float32[np.ndarray, "3"]:
    """Return the background color of the transparent parts.

    Visible pixels that fill their bounding box and have more than one tone are a page, whose color goes on around it.
    Otherwise they are strokes, and the background contrasts with them.
    """
    luminance = colors @ _LUMINANCE
    rows, columns = np.nonzero(visible)
    box_area = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    if len(colors) >= params.min_page_fill * box_area and np.ptp(luminance) >= params.min_page_contrast:
        return np.median(colors, axis=0).astype(np.float32)
    return np.full(3, 255 if np.median(luminance) < params.dark_below else 0, np.float32)
