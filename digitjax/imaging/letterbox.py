"""Bars of one colour around a photo, as screenshots and viewers add them: no paper, and no edge of a page."""

import numpy as np
from jaxtyping import UInt8

from digitjax.imaging.binarize import difference

_TOLERANCE = 3  # grey levels by which a bar may vary, as compression makes it
_SIDE = 0.6  # share of each side of a photo that differs from the bars
_INSIDE = 0.8  # share of a photo that differs from them: less, and it may be a drawing with a frame, or a 0
_LEAST_SIDE = 48  # pixels of a photo


def crop_letterbox(pixels: UInt8[np.ndarray, "h w 3"]) -> tuple[slice, slice]:
    """Return the rows and columns of the photo that bars of one colour surround; without bars, all of them."""
    everything = slice(0, pixels.shape[0]), slice(0, pixels.shape[1])
    edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    bar = next((edge[0] for edge in edges if (np.ptp(edge, axis=0) <= _TOLERANCE).all()), None)
    if bar is None:
        return everything
    photo = difference(pixels, bar) > _TOLERANCE
    rows, columns = (np.flatnonzero(photo.any(axis)) for axis in (1, 0))
    if len(rows) < _LEAST_SIDE or len(columns) < _LEAST_SIDE:
        return everything
    inside = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    photo = photo[inside]
    sides = (photo[0], photo[-1], photo[:, 0], photo[:, -1])
    if min(float(side.mean()) for side in sides) < _SIDE or photo.mean() < _INSIDE:
        return everything
    return inside
