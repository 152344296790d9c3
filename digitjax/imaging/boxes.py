"""Strokes in known boxes, for pictures in which a person marked the digits."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int
from scipy import ndimage

from digitjax.imaging.box import Box
from digitjax.imaging.segmentation import Region

MIN_SHARE = 0.8
"""Share of a component's pixels in one box from which all of it belongs there, as boxes are rarely exact."""
_EIGHT_NEIGHBORS = np.ones((3, 3), bool)


def find_regions(mask: Bool[np.ndarray, "h w"], boxes: Sequence[Box]) -> list[Region | None]:
    """Find the strokes of each box.

    A connected component that lies in one box for the most part belongs to it. The pixels of any other are divided:
    each belongs to the box around it, of several to the one whose center is nearest for its size.

    Args:
        mask: True where the strokes of the picture are.
        boxes: one for each digit, inside of the picture; they may overlap.

    Returns:
        The region of each box; None where it holds no strokes.
    """
    components, count = ndimage.label(mask, _EIGHT_NEIGHBORS)
    areas = np.bincount(components.ravel(), minlength=count + 1)
    inside = [np.bincount(components[_window(box)].ravel(), minlength=count + 1) for box in boxes]
    holds = np.reshape(inside, (len(boxes), count + 1)) >= MIN_SHARE * areas
    holders = np.where(holds.sum(axis=0) == 1, np.arange(1, len(boxes) + 1) @ holds, 0)[components]
    owners = np.where(holders > 0, holders, _nearest_boxes(mask.shape, boxes)) * mask
    windows = ndimage.find_objects(owners, max_label=len(boxes))
    return [
        None if window is None else _region(window, owners[window] == number)
        for number, window in enumerate(windows, start=1)
    ]


def _nearest_boxes(shape: tuple[int, ...], boxes: Sequence[Box]) -> Int[np.ndarray, "h w"]:
    """Return the number of the box of each pixel, counted from 1; 0 where there is none."""
    numbers = np.zeros(shape, int)
    distances = np.full(shape, np.inf)
    for number, box in enumerate(boxes, start=1):
        down, right = (np.arange(side) * 2 + 1 - side for side in (box.height, box.width))
        distance = (down[:, None] / box.height) ** 2 + (right / box.width) ** 2
        nearer = distance < distances[_window(box)]
        numbers[_window(box)][nearer] = number
        distances[_window(box)][nearer] = distance[nearer]
    return numbers


def _window(box: Box) -> tuple[slice, slice]:
    return slice(box.y0, box.y1), slice(box.x0, box.x1)


def _region(window: tuple[slice, slice], mask: Bool[np.ndarray, "h w"]) -> Region:
    rows, columns = window
    return Region(columns.start, rows.start, columns.stop, rows.stop, 0, mask)
