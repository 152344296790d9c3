"""Colours as displayed: deep grey scaled to 8 bits, transparent parts laid over a ground."""

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from PIL import Image


def to_rgb(image: Image.Image) -> UInt8[np.ndarray, "h w 3"]:
    """Return the colours of a picture in Pillow's mode F (more than 8 bits), RGBA (transparent) or RGB."""
    if image.mode == "F":
        return np.repeat(_eight_bits(np.asarray(image))[..., None], 3, axis=-1)
    if image.mode == "RGBA":
        return _over_ground(np.asarray(image))
    return np.asarray(image)


def _eight_bits(values: Float32[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Scale grey of more than 8 bits by the range that it uses: 1, or that of the fewest bits that hold it.

    A type says too little: cameras and scanners leave 10, 12 or 14 bits in 16, and floats may mean 0 to 1 or
    0 to 255. The largest value alone would make a dark picture bright. Negative values mean a symmetric range.
    """
    values = np.nan_to_num(values)
    largest = np.abs(values).max()
    full = next((2.0**bits - 1 for bits in (1, 8, 10, 12, 14, 16, 24, 32) if largest < 2**bits), largest)
    scaled = values / np.float32(full)
    if scaled.min() < -0.25:
        scaled = (scaled + 1) / 2
    return np.rint(255 * scaled.clip(0, 1)).astype(np.uint8)


def _over_ground(pixels: UInt8[np.ndarray, "h w 4"]) -> UInt8[np.ndarray, "h w 3"]:
    """Lay what is transparent over a ground; without clear parts, or with nothing else, drop the opacity."""
    colours, alpha = pixels[..., :3], pixels[..., 3]
    if alpha.min() >= 128 or not alpha.any():
        return colours
    visible = alpha > alpha.max() // 2
    opacity = alpha[..., None] / np.float32(255)
    ground = _ground(colours[visible], visible)
    return np.rint(colours * opacity + ground * (1 - opacity)).astype(np.uint8)


def _ground(colours: UInt8[np.ndarray, "n 3"], visible: Bool[np.ndarray, "h w"]) -> Float32[np.ndarray, "3"]:
    """Return the colour that fits under the clear parts.

    What is seen is a page if it fills its bounding box and has more than one tone: its own colour then
    goes on around it. Or else it is the ink, and the ground contrasts with it.
    """
    luminance = colours @ np.array([0.299, 0.587, 0.114])
    rows, columns = np.nonzero(visible)
    box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    if len(colours) >= 0.6 * box and np.ptp(luminance) >= 50:
        return np.median(colours, axis=0).astype(np.float32)
    return np.full(3, 255 if np.median(luminance) < 160 else 0, np.float32)
