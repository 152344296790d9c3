"""Ruled and squared paper: lines across the whole page, removed where no stroke crosses them."""

import numpy as np
from jaxtyping import Bool
from scipy import ndimage

_SPAN = 0.9
"""Share of the page that a line runs across."""
_THICKNESS = 0.025
"""Of a line, at most, as a share of its length; the bar of a 7 that fills its picture is thicker."""
_PIECE = 1 / 12
"""Length in which a line is followed, as a share of the page: it may be that bent."""


def without_ruling(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Return the ink without ruled lines; one line alone is left, since it may be a 1."""
    without_rows, rows = _without_rows(mask)
    cleaned, columns = _without_rows(without_rows.T)
    return cleaned.T if cleaned.any() or rows + columns > 1 else mask


def _without_rows(mask: Bool[np.ndarray, "h w"]) -> tuple[Bool[np.ndarray, "h w"], int]:
    """Remove the lines across, level or nearly so, and count them."""
    width = mask.shape[1]
    piece = max(3, int(width * _PIECE))
    pieces = ndimage.binary_dilation(_open(mask, (1, piece)), np.ones((3, 1), bool))
    joined = ndimage.maximum_filter1d(pieces, piece, axis=1)
    labels, _ = ndimage.label(joined, structure=np.ones((3, 3), bool))
    cleaned, count = mask.copy(), 0
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        if columns.stop - columns.start < _SPAN * width:
            continue
        line = pieces[rows, columns] & mask[rows, columns] & (labels[rows, columns] == number)
        thickness = float(np.median(line.sum(axis=0)[line.any(axis=0)]))
        if thickness > _THICKNESS * width:
            continue
        count += 1
        # A stroke that crosses the line is longer, from top to bottom, than the line is thick.
        window = slice(max(0, rows.start - 2), rows.stop + 2)
        reach = int(1.5 * thickness) + 2
        around = slice(max(0, rows.start - 2 * reach), rows.stop + 2 * reach)
        crossing = _open(mask[around, columns], (reach, 1))[window.start - around.start :][
            : window.stop - window.start
        ]
        near = np.zeros(crossing.shape, bool)
        near[rows.start - window.start :][: line.shape[0]] = line
        near = ndimage.binary_dilation(near, np.ones((5, 1), bool))
        cleaned[window, columns] &= ~near | crossing
    return cleaned, count


def _open(mask: Bool[np.ndarray, "h w"], size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """Keep the ink in which a rectangle of this size fits."""
    return ndimage.grey_opening(mask.view(np.uint8), size=size).view(bool)
