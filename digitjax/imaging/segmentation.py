"""Segmentation: which strokes belong to one digit, which digits to one line, and the order in which they are read."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Int

from digitjax.imaging.binarize import Foreground
from digitjax.imaging.box import Box
from digitjax.imaging.components import Component, ComponentParams, find_components

BoxT = TypeVar("BoxT", bound=Box)


@dataclass(frozen=True)
class SegmentationParams:
    """Parameters of `find_digits`.

    Chosen while recognition was developed on the development pictures of people's handwriting (README).
    Heights and gaps are over the typical height of the picture's components, unless a field says otherwise. The size of
    a component is its longer side.
    """

    components: ComponentParams = field(default_factory=ComponentParams)
    """Parameters of the connected components."""
    max_components: int = 25
    """Largest number of connected components of one digit; what has more is dust, or noise."""
    typical_share: float = 0.4
    """Share of the largest size from which a component has a say in the typical size."""
    above_overlap: float = 0.5
    """Horizontal overlap from which a part is above or below another, as a share of the narrower one's width."""
    above_gap: float = 0.25
    """Largest vertical gap to a part above or below."""
    small_part: float = 0.45
    """Size up to which something is a small part, which joins from above, below or beside."""
    joined_height: float = 1.35
    """Height of two parts above each other up to which they are one digit."""
    broken_gap: float = 0.08
    """Vertical gap up to which parts above each other are one broken digit, however high."""
    min_broken_gap: int = 1
    """The least that this gap may be, in pixels."""
    small_part_gap: float = 0.16
    """Gap up to which a small part joins from any side."""
    overlapping_part: float = 0.65
    """Size up to which a part joins where the boxes overlap."""
    min_height: float = 0.42
    """Height of a digit, over the typical size; what is lower is a comma, a dash, or noise."""
    line_overlap: float = 0.35
    """Vertical overlap with a line's last digit from which a digit continues the line, over the lower one's height."""


@dataclass(frozen=True)
class Region(Box):
    """One digit of a picture: its box, its line and its pixels."""

    line: int
    """Number of its line, 0 at the top."""
    mask: Bool[np.ndarray, "h w"]
    """True where its strokes are, within its box."""

    @cached_property
    def area(self) -> int:
        """Number of its pixels."""
        return int(self.mask.sum())

    def dilate(self) -> Bool[np.ndarray, "h2 w2"]:
        """Return its mask with one more pixel on every side: where the soft edges of its strokes are.

        By shifts, in a twentieth of the time that `scipy.ndimage.binary_dilation` takes for large digits.
        """
        near = np.pad(self.mask, 1)
        near[:-2, 1:-1] |= self.mask
        near[2:, 1:-1] |= self.mask
        columns = near.copy()
        near[:, :-1] |= columns[:, 1:]
        near[:, 1:] |= columns[:, :-1]
        return near

    def translate(self, dx: int, dy: int) -> "Region":
        """Return this region moved by dx pixels to the right and dy pixels down.

        Args:
            dx: pixels to the right.
            dy: pixels down.
        """
        return Region(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy, self.line, self.mask)

    def crop_to(self, mask: Bool[np.ndarray, "h w"]) -> "Region":
        """Return the part of this region that a mask selects, in the smallest box around it.

        Args:
            mask: from the region's upper left corner on.
        """
        rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
        x0, y0, x1, y1 = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
        return Region(x0, y0, x1, y1, self.line, mask[y0:y1, x0:x1]).translate(self.x0, self.y0)

    def union(self, other: "Region") -> "Region":
        """Return this region and another of the same line as one."""
        x0, y0 = min(self.x0, other.x0), min(self.y0, other.y0)
        x1, y1 = max(self.x1, other.x1), max(self.y1, other.y1)
        mask = np.zeros((y1 - y0, x1 - x0), bool)
        for part in (self, other):
            mask[part.y0 - y0 : part.y1 - y0, part.x0 - x0 : part.x1 - x0] |= part.mask
        return Region(x0, y0, x1, y1, self.line, mask)


def find_digits(
    foreground: Foreground, params: SegmentationParams = SegmentationParams(), clean: bool = True
) -> list[Region]:
    """Find the digits of a binarized picture.

    Args:
        foreground: the binarized picture.
        params: parameters of the segmentation.
        clean: whether to remove page edges, ruled lines and frames, which digits may be taken for.

    Returns:
        The digits in reading order: lines from the top, digits from the left.
    """
    labels, components = find_components(foreground, params.components, clean)
    digits = [
        component
        for component in _merge(components, params)
        if len(component.labels) <= params.max_components
    ]
    return [
        Region(*component.corners, number, component.mask(labels))
        for number, line in enumerate(group_into_lines(remove_low(digits, params), params))
        for component in line
    ]


def _merge(components: list[Component], params: SegmentationParams) -> list[Component]:
    """Join the components of each digit: the loose bar of a 5, the pieces that a worn pencil leaves."""
    height = _typical([component.height for component in components], params)
    merged: list[Component] = []
    corners = np.empty((len(components), 4), int)
    for component in sorted(components, key=lambda component: -component.height * component.width):
        matches = np.flatnonzero(_belong_together(corners[: len(merged)], component, height, params))
        if len(matches):
            index = int(matches[0])
            merged[index] = merged[index].union(component)
        else:
            index = len(merged)
            merged.append(component)
        corners[index] = merged[index].corners
    return merged if len(merged) == len(components) else _merge(merged, params)


def _belong_together(
    corners: Int[np.ndarray, "n 4"], part: Component, height: float, params: SegmentationParams
) -> Bool[np.ndarray, " n"]:
    """Return with which of several larger components, given by their corners, a part forms one digit."""
    x0, y0, x1, y1 = corners.T
    horizontal_gap = np.maximum(x0, part.x0) - np.minimum(x1, part.x1)  # negative where they overlap
    vertical_gap = np.maximum(y0, part.y0) - np.minimum(y1, part.y1)
    gap = np.maximum(horizontal_gap, vertical_gap)
    is_above_or_below = (-horizontal_gap > params.above_overlap * np.minimum(x1 - x0, part.width)) & (
        vertical_gap < params.above_gap * height
    )
    joined_height = np.maximum(y1, part.y1) - np.minimum(y0, part.y0)
    is_small = part.size < params.small_part * height
    is_broken = vertical_gap <= max(params.min_broken_gap, params.broken_gap * height)
    return (
        (is_above_or_below & (is_small | (joined_height < params.joined_height * height) | is_broken))
        | (is_small & (gap < params.small_part_gap * height))
        | ((part.size < params.overlapping_part * height) & (gap <= 0))
    )


def remove_low(boxes: list[BoxT], params: SegmentationParams = SegmentationParams()) -> list[BoxT]:
    """Remove what is too low for a digit; if that is everything, keep the largest.

    Args:
        boxes: of a picture.
        params: parameters of the segmentation.

    Returns:
        The boxes of digits, in the same order.
    """
    typical = _typical([box.size for box in boxes], params)
    digits = [box for box in boxes if box.height >= params.min_height * typical]
    return digits or sorted(boxes, key=lambda box: box.size)[-1:]


def _typical(sizes: list[int], params: SegmentationParams) -> float:
    """Return the median of the sizes without small ones; the largest of one or two."""
    largest = max(sizes, default=0)
    if len(sizes) <= 2:
        return float(largest)
    return float(np.median([size for size in sizes if size > params.typical_share * largest]))


def group_into_lines(
    boxes: list[BoxT], params: SegmentationParams = SegmentationParams()
) -> list[list[BoxT]]:
    """Put each box into the line whose last box overlaps it most vertically.

    Args:
        boxes: of the digits of a picture.
        params: parameters of the segmentation.

    Returns:
        The lines from the top, each from the left.
    """
    lines: list[list[BoxT]] = []
    rows = np.empty((len(boxes), 2), int)  # of the last box of each line
    for box in sorted(boxes, key=lambda box: box.x0):
        y0, y1 = rows[: len(lines)].T
        # Over the lower one's height; negative where there is a gap.
        overlap = (np.minimum(y1, box.y1) - np.maximum(y0, box.y0)) / np.minimum(y1 - y0, box.height)
        if overlap.max(initial=-np.inf) > params.line_overlap:
            number = int(overlap.argmax())
            lines[number].append(box)
        else:
            number = len(lines)
            lines.append([box])
        rows[number] = box.y0, box.y1
    return sorted(lines, key=lambda line: float(np.mean([box.y0 + box.y1 for box in line])))
