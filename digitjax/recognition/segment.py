"""Ink to digits: connected strokes, gathered into digits, lines and reading order."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool
from scipy import ndimage

MIN_AREA = 0.02
"""Components smaller than this share of the largest are specks."""


@dataclass(frozen=True)
class Region:
    """One digit: the half-open box of its ink in pixels, its line from 0 at the top, and its ink in the box."""

    x0: int
    y0: int
    x1: int
    y1: int
    line: int
    mask: Bool[np.ndarray, "h w"]


def find_digits(mask: Bool[np.ndarray, "h w"]) -> list[Region]:
    """Return the digits in reading order: lines from the top, digits from the left."""
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    if not count:
        return []
    areas = np.bincount(labels.ravel())[1:]
    boxes = ndimage.find_objects(labels)
    groups = [_Group([i + 1], boxes[i]) for i in range(count) if areas[i] >= MIN_AREA * areas.max()]
    regions = []
    for number, line in enumerate(_lines(_merge(groups))):
        for group in line:
            window = labels[group.y0 : group.y1, group.x0 : group.x1]
            ink = np.isin(window, group.labels)
            regions.append(Region(group.x0, group.y0, group.x1, group.y1, number, ink))
    return regions


class _Group:
    """Components that belong to one digit, and the box around them."""

    def __init__(self, labels: list[int], box: tuple[slice, slice]):
        self.labels = labels
        self.y0, self.y1 = box[0].start, box[0].stop
        self.x0, self.x1 = box[1].start, box[1].stop

    @property
    def height(self) -> int:
        return self.y1 - self.y0

    def belongs_with(self, other: "_Group") -> bool:
        """Whether one lies mostly over the other, as the bar of a 5 does, with little space between."""
        overlap = min(self.x1, other.x1) - max(self.x0, other.x0)
        gap = max(self.y0, other.y0) - min(self.y1, other.y1)
        narrower = min(self.x1 - self.x0, other.x1 - other.x0)
        return overlap > 0.5 * narrower and gap < 0.25 * max(self.height, other.height)

    def absorb(self, other: "_Group") -> None:
        self.labels += other.labels
        self.y0, self.y1 = min(self.y0, other.y0), max(self.y1, other.y1)
        self.x0, self.x1 = min(self.x0, other.x0), max(self.x1, other.x1)


def _merge(groups: list[_Group]) -> list[_Group]:
    merged: list[_Group] = []
    for group in sorted(groups, key=lambda g: -g.height):
        home = next((other for other in merged if other.belongs_with(group)), None)
        if home is None:
            merged.append(group)
        else:
            home.absorb(group)
    return merged


def _lines(groups: list[_Group]) -> list[list[_Group]]:
    """Put each group into the line whose last digit it stands beside."""
    lines: list[list[_Group]] = []
    for group in sorted(groups, key=lambda g: g.x0):
        for line in lines:
            last = line[-1]
            beside = min(last.y1, group.y1) - max(last.y0, group.y0)
            if beside > 0.35 * min(last.height, group.height):
                line.append(group)
                break
        else:
            lines.append([group])
    return sorted(lines, key=lambda line: float(np.mean([g.y0 + g.y1 for g in line])))
