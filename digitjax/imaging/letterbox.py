"""Letterboxing: bars of one color around a photo, as screenshots and viewers add them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from digitjax.imaging.binarize import max_channel_difference


@dataclass(frozen=True)
class LetterboxParams:
    """Parameters of `crop_letterbox`, chosen for screenshots of photos; on which pictures is not recorded."""

    tolerance: int = 3
    """Gray levels, of 256, by which a bar may vary after lossy compression."""
    min_side_share: float = 0.6
    """Share of the pixels along each side of a photo that must differ from the bars."""
    min_area_share: float = 0.8
    """Share of a photo's pixels that must differ from the bars; with fewer it may be a drawing with a frame, or a 0."""
    min_side: int = 48
    """Shortest side of a photo, in pixels."""


def crop_letterbox(
    pixels: UInt8[np.ndarray, "h w 3"], params: LetterboxParams = LetterboxParams()
) -> tuple[slice, slice]:
    """Find the photo inside a letterbox.

    Args:
        pixels: the picture in RGB.
        params: parameters of the search.

    Returns:
        The rows and the columns of the photo; without bars, all of them.
    """
    everything = slice(0, pixels.shape[0]), slice(0, pixels.shape[1])
    edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    color = next((edge[0] for edge in edges if (np.ptp(edge, axis=0) <= params.tolerance).all()), None)
    if color is None:
        return everything
    differs = max_channel_difference(pixels, color) > params.tolerance
    rows, columns = (np.flatnonzero(differs.any(axis)) for axis in (1, 0))
    if len(rows) < params.min_side or len(columns) < params.min_side:
        return everything
    inside = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    photo = differs[inside]
    sides = (photo[0], photo[-1], photo[:, 0], photo[:, -1])
    if min(float(side.mean()) for side in sides) < params.min_side_share:
        return everything
    return inside if photo.mean() >= params.min_area_share else everything
