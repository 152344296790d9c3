"""Connected components of the foreground, without page edges, ruled lines, frames and specks."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Int
from scipy import ndimage

from digitjax.imaging.binarize import Foreground
from digitjax.imaging.box import Box
from digitjax.imaging.ruling import RulingParams, remove_ruling

_EIGHT_NEIGHBORS = np.ones((3, 3), bool)


@dataclass(frozen=True)
class ComponentParams:
    """Parameters of `find_components`.

    Chosen while recognition was developed on the development pictures of people's handwriting (README).
    A component's size is its longer side.
    """

    ruling: RulingParams = field(default_factory=RulingParams)
    """Parameters of the removal of ruled lines."""
    min_area: int = 2
    """Fewest pixels of a component."""
    spanning_share: float = 0.9
    """Share of the picture's width or height from which a component looks like a ruled line."""
    border: int = 2
    """Width of the picture's border, in pixels, within which a component may be the edge of the page."""
    min_inner_size: int = 8
    """Size of the largest component inside, in pixels, from which what touches the border is judged at all."""
    min_inner_share: float = 0.03
    """The same as a share of the picture's shorter side."""
    max_border_extent: float = 0.6
    """Width or height of a stroke that touches the border, as a share of the picture's."""
    min_border_size: float = 0.5
    """Size of a stroke that touches the border, over that of the largest component inside."""
    max_border_size: float = 2.5
    """Largest size of a stroke that touches the border, over that of the largest component inside."""
    max_border_fill: float = 0.6
    """Share of its box that a broad stroke that touches the border may fill."""
    broad_border_size: float = 0.3
    """Shorter side from which that stroke is broad, over the size of the largest component inside."""
    max_border_contact: float = 0.35
    """Share of its size along which a stroke may run on the border."""
    min_speck_size: float = 0.1
    """Size of the smallest stroke, over that of the largest component."""
    min_speck_area: float = 0.006
    """Area of the smallest stroke, over that of the largest component."""
    max_labels: int = 4000
    """Most components that are looked at, of the largest area: noise has more than a hundred thousand."""
    max_components: int = 400
    """Largest number of components of a picture; noise has more, of which the largest are kept."""
    min_framed_height: float = 0.35
    """Height of what a frame is drawn around, as a share of the frame's height."""


@dataclass(frozen=True)
class Component(Box):
    """One or several connected components that belong together, with their bounding box."""

    labels: tuple[int, ...]
    """Numbers of the connected components in the label image."""
    area: int
    """Number of pixels."""

    def mask(self, labels: Int[np.ndarray, "h w"]) -> Bool[np.ndarray, "h2 w2"]:
        """Return the mask of its pixels in its box, given the label image."""
        window = labels[self.y0 : self.y1, self.x0 : self.x1]
        return window == self.labels[0] if len(self.labels) == 1 else np.isin(window, self.labels)

    def union(self, other: "Component") -> "Component":
        """Return this component and another as one."""
        return Component(
            min(self.x0, other.x0),
            min(self.y0, other.y0),
            max(self.x1, other.x1),
            max(self.y1, other.y1),
            self.labels + other.labels,
            self.area + other.area,
        )


def find_components(
    foreground: Foreground, params: ComponentParams = ComponentParams(), clean: bool = True
) -> tuple[Int[np.ndarray, "h w"], list[Component]]:
    """Find the connected components that may be strokes of digits.

    Args:
        foreground: the binarized picture.
        params: parameters of the components.
        clean: whether to remove more than specks.

    Returns:
        The label image, which numbers the connected components from 1, and the components that may be strokes.
    """
    labels, components = _label(foreground.mask, params)
    if not clean:
        return labels, _remove_specks(components, params)
    if any(_spans_picture(component, labels.shape, params) for component in components):
        labels, components = _label(remove_ruling(foreground.mask, params.ruling), params)
    if not foreground.uniform_background:  # page edges go first, as all else looks like specks beside them
        components = _remove_page_edges(labels, components, params)
    return labels, _remove_frames(labels, _remove_specks(components, params), params)


def _label(
    mask: Bool[np.ndarray, "h w"], params: ComponentParams
) -> tuple[Int[np.ndarray, "h w"], list[Component]]:
    labels, count = ndimage.label(mask, structure=_EIGHT_NEIGHBORS)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    if count > params.max_labels:
        kept = np.concatenate([[0], 1 + np.sort(np.argsort(-areas[1:], kind="stable")[: params.max_labels])])
        numbers = np.zeros_like(areas)
        numbers[kept] = np.arange(len(kept))
        labels, areas = numbers[labels], areas[kept]
    return labels, [
        Component(columns.start, rows.start, columns.stop, rows.stop, (i,), int(areas[i]))
        for i, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1)
        if areas[i] >= params.min_area
    ]


def _spans_picture(component: Component, shape: tuple[int, int], params: ComponentParams) -> bool:
    """Whether a component reaches across the picture, as ruled lines do."""
    return (
        component.height >= params.spanning_share * shape[0]
        or component.width >= params.spanning_share * shape[1]
    )


def _remove_page_edges(
    labels: Int[np.ndarray, "h w"], components: list[Component], params: ComponentParams
) -> list[Component]:
    """Remove what touches the border and is unlike the digits inside, where there are any."""
    height, width = labels.shape
    border = params.border

    def touched_sides(component: Component) -> tuple[bool, bool, bool, bool]:
        """Whether it touches the top, the bottom, the left and the right of the picture."""
        return (
            component.y0 < border,
            component.y1 > height - border,
            component.x0 < border,
            component.x1 > width - border,
        )

    def border_contact(component: Component) -> float:
        """Return the share of its size that runs along the border."""
        mask = component.mask(labels)
        runs = (
            mask[:border].any(0),
            mask[-border:].any(0),
            mask[:, :border].any(1),
            mask[:, -border:].any(1),
        )
        touched = zip(touched_sides(component), runs, strict=True)
        return max(int(run.sum()) for touches, run in touched if touches) / component.size

    def is_page_edge(component: Component) -> bool:
        return any(touched_sides(component)) and (
            component.height > params.max_border_extent * height
            or component.width > params.max_border_extent * width
            or not params.min_border_size * largest <= component.size <= params.max_border_size * largest
            or (
                component.area > params.max_border_fill * component.height * component.width
                and min(component.height, component.width) > params.broad_border_size * largest
            )
            or border_contact(component) > params.max_border_contact
        )

    inner = (component.size for component in components if not any(touched_sides(component)))
    largest = max(inner, default=0)
    if largest < max(params.min_inner_size, params.min_inner_share * min(height, width)):
        return components
    return [component for component in components if not is_page_edge(component)]


def _remove_specks(components: list[Component], params: ComponentParams) -> list[Component]:
    """Remove what is far smaller than the largest, and all but the largest of too many."""
    size = max((component.size for component in components), default=0)
    area = max((component.area for component in components), default=0)
    strokes = [
        component
        for component in components
        if component.size >= params.min_speck_size * size and component.area >= params.min_speck_area * area
    ]
    return sorted(strokes, key=lambda component: -component.area)[: params.max_components]


def _remove_frames(
    labels: Int[np.ndarray, "h w"], components: list[Component], params: ComponentParams
) -> list[Component]:
    """Remove what is drawn around others: the box of a form, a circle around a number."""
    x0, y0, x1, y1 = np.array([component.corners for component in components], int).reshape(-1, 4).T

    def surrounds_any(frame: Component) -> bool:
        inside = (frame.x0 < x0) & (x1 < frame.x1) & (frame.y0 < y0) & (y1 < frame.y1)
        high = y1 - y0 >= params.min_framed_height * frame.height
        return any(surrounds(frame, components[i]) for i in np.flatnonzero(inside & high))

    def surrounds(frame: Component, component: Component) -> bool:
        window = labels[frame.y0 : frame.y1, frame.x0 : frame.x1]
        filled = ndimage.binary_fill_holes(frame.mask(labels))
        return bool(filled[np.isin(window, component.labels)].all())

    return [frame for frame in components if not surrounds_any(frame)]
