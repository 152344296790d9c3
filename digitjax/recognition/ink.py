"""Grey pixels to ink: which of light and dark is the pen, and how much of it is where."""

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from skimage.filters import threshold_otsu

MIN_CONTRAST = 24
"""Grey levels between paper and pen below which a picture counts as blank."""


def find_ink(grey: UInt8[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return the amount of ink, 0 for paper to 1 for the strongest stroke.

    The paper is what the border of the picture shows. A blank picture has no ink.
    """
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(border))
    dark_pen = paper > _threshold(grey)
    distance = (paper - grey if dark_pen else grey - paper).astype(np.float32)
    strongest = distance.max()
    if strongest < MIN_CONTRAST:
        return np.zeros(grey.shape, np.float32)
    return np.clip(distance / strongest, 0, 1)


def ink_mask(ink: Float32[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Return where the ink is (Otsu 1979)."""
    return ink > _threshold(ink)


def _threshold(values: np.ndarray) -> float:
    return float(values.flat[0]) if values.min() == values.max() else float(threshold_otsu(values))
