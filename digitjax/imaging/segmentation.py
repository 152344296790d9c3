"""Strokes to digits: which belong to one digit, which digits stand in one line, and in which order they are read."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from digitjax.imaging.binarize import Foreground
from digitjax.imaging.box import Box
from digitjax.imaging.components import Component, find_components

_MOST_PIECES = 25
"""Into which the strokes of one digit fall: what falls into more is dust, or noise."""
_LEAST_HEIGHT = 0.42
"""Of a digit, where the usual one of the picture is 1: what is lower is a comma, a dash, or noise."""


@dataclass(frozen=True)
class Region(Box):
    """One digit: the box of its ink, its line from 0 at the top, and its ink in the box."""

    line: int
    mask: Bool[np.ndarray, "h w"]

    def moved(self, x: int, y: int) -> "Region":
        """Return this region so many pixels to the right and down."""
        return Region(self.x0 + x, self.y0 + y, self.x1 + x, self.y1 + y, self.line, self.mask)

    def only(self, mask: Bool[np.ndarray, "h w"]) -> "Region":
        """Return the part of this region that a mask of its size shows, in a box around it."""
        rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
        x0, y0, x1, y1 = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
        return Region(x0, y0, x1, y1, self.line, mask[y0:y1, x0:x1]).moved(self.x0, self.y0)


def find_digits(ink: Foreground) -> list[Region]:
    """Return the digits in reading order: lines from the top, digits from the left."""
    labels, strokes = find_components(ink)
    regions = []
    groups = [group for group in _merge(strokes) if len(group.labels) <= _MOST_PIECES]
    for number, line in enumerate(_lines(_without_marks(groups))):
        for group in line:
            regions.append(Region(*group.corners, number, group.ink(labels)))
    return regions


def _merge(strokes: list[Component]) -> list[Component]:
    """Join the strokes of each digit: the loose bar of a 5, the pieces that a worn pencil leaves."""
    height = _usual([group.height for group in strokes])
    merged: list[Component] = []
    corners = np.empty((len(strokes), 4), int)
    for group in sorted(strokes, key=lambda group: -group.height * group.width):
        homes = np.flatnonzero(_belong_together(corners[: len(merged)], group, height))
        if len(homes):
            home = int(homes[0])
            merged[home] = merged[home].joined(group)
        else:
            home = len(merged)
            merged.append(group)
        corners[home] = merged[home].corners
    return merged if len(merged) == len(strokes) else _merge(merged)


def _belong_together(
    large: Int[np.ndarray, "n 4"], small: Component, height: float
) -> Bool[np.ndarray, " n"]:
    """Return with which of larger groups, given by their corners, one is part of a digit, where digits are so high."""
    x0, y0, x1, y1 = large.T
    right = np.maximum(x0, small.x0) - np.minimum(x1, small.x1)
    down = np.maximum(y0, small.y0) - np.minimum(y1, small.y1)
    apart = np.maximum(right, down)
    above = (-right > 0.5 * np.minimum(x1 - x0, small.width)) & (down < 0.25 * height)
    together = np.maximum(y1, small.y1) - np.minimum(y0, small.y0)
    piece = small.size < 0.45 * height
    return (
        (above & (piece | (together < 1.35 * height) | (down <= max(1, 0.08 * height))))
        | (piece & (apart < 0.16 * height))
        | ((small.size < 0.65 * height) & (apart <= 0))
    )


def _without_marks(groups: list[Component]) -> list[Component]:
    """Drop what is too low for a digit, unless nothing else is there."""
    usual = _usual([group.size for group in groups])
    kept = [group for group in groups if group.height >= _LEAST_HEIGHT * usual]
    return kept or sorted(groups, key=lambda group: group.size)[-1:]


def _usual(sizes: list[int]) -> float:
    """Return the median of the sizes without those of small parts; of one or two, the largest."""
    largest = max(sizes, default=0)
    return (
        float(np.median([size for size in sizes if size > 0.4 * largest]))
        if len(sizes) > 2
        else float(largest)
    )


def _lines(groups: list[Component]) -> list[list[Component]]:
    """Put each group into the line whose last digit it stands beside most."""
    lines: list[list[Component]] = []
    for group in sorted(groups, key=lambda group: group.x0):

        def beside(line: list[Component], group: Component = group) -> float:
            last = line[-1]
            overlap = min(last.y1, group.y1) - max(last.y0, group.y0)
            return overlap / min(last.height, group.height)

        line = max(lines, key=beside, default=None)
        if line is not None and beside(line) > 0.35:
            line.append(group)
        else:
            lines.append([group])
    return sorted(lines, key=lambda line: float(np.mean([group.y0 + group.y1 for group in line])))
