"""Connected strokes, without what is no stroke of a digit: page edges and shadows, ruled lines, specks."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int
from scipy import ndimage

from digitjax.imaging.binarize import Foreground
from digitjax.imaging.box import Box
from digitjax.imaging.ruling import without_ruling

_EIGHT = np.ones((3, 3), bool)
_TEXTURE_SIZE = 40  # pixels from which the strokes of a bold digit have an inside
_MOST = 400  # components that a picture is thought to hold; noise has more


@dataclass(frozen=True)
class Component(Box):
    """Components that belong together, in the box around them."""

    labels: tuple[int, ...]
    area: int

    def ink(self, labels: Int[np.ndarray, "h w"]) -> Bool[np.ndarray, "h2 w2"]:
        """Return where it is in its box, from the number of the component at each pixel."""
        window = labels[self.y0 : self.y1, self.x0 : self.x1]
        return window == self.labels[0] if len(self.labels) == 1 else np.isin(window, self.labels)

    def joined(self, other: "Component") -> "Component":
        """Return both as one."""
        return Component(
            min(self.x0, other.x0),
            min(self.y0, other.y0),
            max(self.x1, other.x1),
            max(self.y1, other.y1),
            self.labels + other.labels,
            self.area + other.area,
        )


def find_components(ink: Foreground) -> tuple[Int[np.ndarray, "h w"], list[Component]]:
    """Return the number of the component at each pixel, and those that may be strokes of digits."""
    labels, groups = _label(ink.mask)
    if any(_spans(labels.shape, group) for group in groups):
        labels, groups = _label(without_ruling(ink.mask))
    if ink.even:
        groups = _without_specks(groups)
    else:  # of a photo the edges of the page go first, as all else looks like specks beside them
        groups = _without_specks(_without_page_edges(labels, groups))
        groups = _without_shadows(ink.amount, labels, groups)
    return labels, _without_frames(labels, [group for group in groups if not _is_texture(labels, group)])


def _label(mask: Bool[np.ndarray, "h w"]) -> tuple[Int[np.ndarray, "h w"], list[Component]]:
    labels, count = ndimage.label(mask, structure=_EIGHT)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    return labels, [
        Component(columns.start, rows.start, columns.stop, rows.stop, (i,), int(areas[i]))
        for i, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1)
        if areas[i] > 1
    ]


def _spans(shape: tuple[int, int], group: Component) -> bool:
    """Whether a group reaches across the page, as ruled lines do."""
    return group.height >= 0.9 * shape[0] or group.width >= 0.9 * shape[1]


def _without_page_edges(labels: Int[np.ndarray, "h w"], groups: list[Component]) -> list[Component]:
    """Drop what touches the border and is unlike the digits inside, where there are any."""
    height, width = labels.shape

    def at_border(group: Component) -> bool:
        return group.y0 <= 1 or group.x0 <= 1 or group.y1 >= height - 1 or group.x1 >= width - 1

    def border_share(group: Component) -> float:
        """How much of its size runs along the border."""
        ink = group.ink(labels)
        sides = (
            (group.y0 <= 1, ink[:2].any(0)),
            (group.y1 >= height - 1, ink[-2:].any(0)),
            (group.x0 <= 1, ink[:, :2].any(1)),
            (group.x1 >= width - 1, ink[:, -2:].any(1)),
        )
        return max(int(run.sum()) for touches, run in sides if touches) / group.size

    def is_edge(group: Component) -> bool:
        return at_border(group) and (
            group.height > 0.6 * height
            or group.width > 0.6 * width
            or not 0.5 * largest <= group.size <= 2.5 * largest
            or (
                group.area > 0.6 * group.height * group.width
                and min(group.height, group.width) > 0.3 * largest
            )
            or border_share(group) > 0.35
        )

    largest = max((group.size for group in groups if not at_border(group)), default=0)
    if largest < max(8, 0.03 * min(height, width)):
        return groups
    return [group for group in groups if not is_edge(group)]


def _without_specks(groups: list[Component]) -> list[Component]:
    """Drop what is far smaller than the largest; of a texture without end keep its largest parts."""
    size, area = (max((getattr(group, name) for group in groups), default=0) for name in ("size", "area"))
    kept = [group for group in groups if group.size >= 0.1 * size and group.area >= 0.006 * area]
    return sorted(kept, key=lambda group: -group.area)[:_MOST]


def _is_texture(labels: Int[np.ndarray, "h w"], group: Component) -> bool:
    """Whether a group is as full as a bold digit, yet all edge, as noise is."""
    if group.size < _TEXTURE_SIZE or group.area < 0.35 * group.height * group.width:
        return False
    ink = np.pad(group.ink(labels), 1)
    return bool(ndimage.binary_erosion(ink).sum() < 0.5 * group.area)


def _without_frames(labels: Int[np.ndarray, "h w"], groups: list[Component]) -> list[Component]:
    """Drop what is drawn around others: the box of a form, a circle around a number."""
    x0, y0, x1, y1 = np.array([group.corners for group in groups], int).reshape(-1, 4).T

    def surrounds_any(frame: Component) -> bool:
        inside = (frame.x0 < x0) & (x1 < frame.x1) & (frame.y0 < y0) & (y1 < frame.y1)
        high = y1 - y0 >= 0.35 * frame.height
        return any(surrounds(frame, groups[i]) for i in np.flatnonzero(inside & high))

    def surrounds(frame: Component, group: Component) -> bool:
        window = labels[frame.y0 : frame.y1, frame.x0 : frame.x1]
        hole = ndimage.binary_fill_holes(frame.ink(labels))
        return bool(hole[np.isin(window, group.labels)].all())

    return [frame for frame in groups if not surrounds_any(frame)]


def _without_shadows(
    amount: Float32[np.ndarray, "h w"], labels: Int[np.ndarray, "h w"], groups: list[Component]
) -> list[Component]:
    """Drop what has soft edges beside the others: a pen's are equally sharp all over a picture."""
    sharpness = [_sharpness(amount, labels, group) for group in groups]
    sharpest = max(sharpness, default=0.0)
    return [group for group, value in zip(groups, sharpness, strict=True) if value > 0.3 * sharpest]


def _sharpness(amount: Float32[np.ndarray, "h w"], labels: Int[np.ndarray, "h w"], group: Component) -> float:
    """Return the mean slope of the ink along the edge of a group, per pixel."""
    window = (slice(group.y0, group.y1), slice(group.x0, group.x1))
    ink = np.pad(group.ink(labels), 1)
    edge = (ink & ~ndimage.binary_erosion(ink, _EIGHT))[1:-1, 1:-1]
    slopes = np.gradient(np.pad(amount[window], 1, mode="edge"))
    return float(np.hypot(*slopes)[1:-1, 1:-1][edge].mean())
