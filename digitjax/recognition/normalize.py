"""A digit's ink to the form of MNIST, which is all that a network has seen (LeCun et al. 1998)."""

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image
from scipy import ndimage

SIDE = 28
FITTED = 20
"""Longer side of the digit, in pixels."""


def to_mnist(ink: Float32[np.ndarray, "h w"]) -> UInt8[np.ndarray, "28 28"]:
    """Fit a tight crop into 20x20 keeping its shape, and put its centre of mass in the middle of 28x28."""
    height, width = ink.shape
    scale = FITTED / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    filter_ = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    fitted = np.asarray(Image.fromarray(ink).resize(size, filter_))
    fitted = fitted / max(float(fitted.max()), 1e-6)
    centre_y, centre_x = ndimage.center_of_mass(fitted) if fitted.any() else (0.0, 0.0)
    top = _place((SIDE - 1) / 2 - centre_y, fitted.shape[0])
    left = _place((SIDE - 1) / 2 - centre_x, fitted.shape[1])
    framed = np.zeros((SIDE, SIDE), np.float32)
    framed[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    return np.rint(framed * 255).astype(np.uint8)


def _place(offset: float, size: int) -> int:
    return min(max(round(offset), 0), SIDE - size)
