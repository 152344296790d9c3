"""Removal of ruled lines: straight lines across the whole page, kept where a stroke crosses them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool
from scipy import ndimage


@dataclass(frozen=True)
class RulingParams:
    """Parameters of `remove_ruling`.

    Chosen while recognition was developed on the development pictures of people's handwriting (README).
    """

    min_span: float = 0.9
    """Length of a line, as a share of the page."""
    max_thickness: float = 0.025
    """Thickness of a line, as a share of the page; the bar of a 7 that fills its picture is thicker."""
    segment_share: float = 1 / 12
    """Length of the straight segments that a line is followed by, as a share of the page: it may be that bent."""
    min_segment: int = 3
    """Shortest such segment, in pixels."""
    margin: int = 2
    """Pixels above and below a line that are removed with it, which are its soft edges."""
    crossing_thickness: float = 1.5
    """Length from which something on a line is a stroke that crosses it, in thicknesses, `margin` added."""


def remove_ruling(
    mask: Bool[np.ndarray, "h w"], params: RulingParams = RulingParams()
) -> Bool[np.ndarray, "h w"]:
    """Remove ruled lines from a mask; a single line is kept, since it may be a 1.

    Args:
        mask: True where the strokes and the lines are.
        params: parameters of the lines.

    Returns:
        The mask of the strokes alone.
    """
    without_rows, rows = _remove_horizontal(mask, params)
    cleaned, columns = _remove_horizontal(without_rows.T, params)
    return cleaned.T if cleaned.any() or rows + columns > 1 else mask


def _remove_horizontal(
    mask: Bool[np.ndarray, "h w"], params: RulingParams
) -> tuple[Bool[np.ndarray, "h w"], int]:
    """Remove the lines that are level, or nearly so, and count them."""
    width, margin = mask.shape[1], params.margin
    length = max(params.min_segment, int(width * params.segment_share))
    if mask.any(axis=0).sum() + length < params.min_span * width:  # nothing is as long as a line
        return mask, 0
    segments = ndimage.binary_dilation(_open(mask, (1, length)), np.ones((3, 1), bool))
    joined = ndimage.maximum_filter1d(segments, length, axis=1)
    labels, _ = ndimage.label(joined, structure=np.ones((3, 3), bool))
    cleaned, count = mask.copy(), 0
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        if columns.stop - columns.start < params.min_span * width:
            continue
        line = segments[rows, columns] & mask[rows, columns] & (labels[rows, columns] == number)
        thickness = float(np.median(line.sum(axis=0)[line.any(axis=0)]))
        if thickness > params.max_thickness * width:
            continue
        count += 1
        # A stroke that crosses the line is longer, from top to bottom, than the line is thick.
        window = slice(max(0, rows.start - margin), rows.stop + margin)
        reach = int(params.crossing_thickness * thickness) + margin
        context = slice(max(0, rows.start - 2 * reach), rows.stop + 2 * reach)
        crossing = _open(mask[context, columns], (reach, 1))[window.start - context.start :][
            : window.stop - window.start
        ]
        near = np.zeros(crossing.shape, bool)
        near[rows.start - window.start :][: line.shape[0]] = line
        near = ndimage.binary_dilation(near, np.ones((2 * margin + 1, 1), bool))
        cleaned[window, columns] &= ~near | crossing
    return cleaned, count


def _open(mask: Bool[np.ndarray, "h w"], size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """Keep the parts of a mask into which a rectangle of this size (rows, columns) fits."""
    return ndimage.grey_opening(mask.view(np.uint8), size=size).view(bool)
