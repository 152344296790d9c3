"""Touching digits: where strokes that hang together could be cut, for the classifier to choose.

Over-segmentation and recognition, after Casey and Lecolinet (1996).
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float32, Int
from scipy import ndimage
from skimage.morphology import skeletonize
from skimage.transform import resize

from digitjax.imaging.segmentation import Region

MIN_ASPECT = 0.9
"""Width over height from which a region may be more than one digit."""
_DRAFT = 48  # rows on which the cuts are sought
_MOST_CUTS = 4
_APART = 0.15  # of two cuts on average, at least, as a share of the height
_EDGE = 0.15  # of a region, as a share of its width, in which no cut is sought
_PENALTY = 0.2  # for each cut, in nats: most wide digits are one digit
_SURE = 0.95  # top2_probability that each part of a cut region needs
_LEAST_HEIGHT = 0.55  # of each part, as a share of the whole
_LEAST_WIDTH = 0.5  # of each part on average, as a share of the height
_WIDEST_CONTACT = 2.0  # ink that a cut may cross, in widths of the stroke


def readings(region: Region) -> list[tuple[Region, ...]]:
    """Return the ways to read a region, each as the digits it would hold from left to right; first as one digit."""
    if region.width < MIN_ASPECT * region.height:
        return [(region,)]
    cuts = _cuts(region.mask)
    most = min(len(cuts), round(region.width / (_LEAST_WIDTH * region.height)) - 1)
    ways = [choice for count in range(most + 1) for choice in combinations(cuts, count)]
    parts = [_parts(region, way) for way in ways]
    return [way for way in parts if way is not None]


def choose(
    ways: Sequence[Sequence[tuple[Region, ...]]], top2_probabilities: Float32[np.ndarray, " parts"]
) -> list[int]:
    """Return which parts are read: of each region those of its likeliest way.

    Args:
        ways: the ways to read each region.
        top2_probabilities: of each part of each way of each region, one after the other, that it is a digit.
    """
    chosen: list[int] = []
    first = 0
    for choices in ways:
        places = []
        for way in choices:
            places.append(range(first, first + len(way)))
            first += len(way)
        chosen += places[best_reading([top2_probabilities[place].tolist() for place in places])]
    return chosen


def best_reading(top2_probabilities: Sequence[Sequence[float]]) -> int:
    """Return which way to read a region is the likeliest, from the top-2 probability of each part of each.

    The first way is not to cut. Of a cut one every part must be certain: pieces of letters and scribbles may well
    look like digits, but seldom all of them.
    """
    scores = [
        float(np.log(way).sum()) - _PENALTY * (len(way) - 1) if min(way) >= _SURE or not i else -np.inf
        for i, way in enumerate(np.maximum(way, 1e-6) for way in top2_probabilities)
    ]
    return int(np.argmax(scores))


def _parts(region: Region, cuts: Sequence[Int[np.ndarray, " h"]]) -> tuple[Region, ...] | None:
    """Cut a region; None if a part would be no digit."""
    if not cuts:
        return (region,)
    columns = np.arange(region.width)
    left = np.zeros(region.height, int)
    parts = []
    for right in (*cuts, np.full(region.height, region.width)):
        inside = (columns >= left[:, None]) & (columns < right[:, None])
        ink = _without_splinters(region.mask & inside)
        left = right
        if not ink.any():
            return None
        parts.append(region.only(ink))
        if parts[-1].height < _LEAST_HEIGHT * region.height:
            return None
    return tuple(parts)


def _without_splinters(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Drop the scraps that a cut leaves."""
    labels, count = ndimage.label(mask, np.ones((3, 3), bool))
    if count < 2:
        return mask
    areas = np.bincount(labels.ravel())[1:]
    return np.isin(labels, 1 + np.flatnonzero(areas >= 0.1 * areas.max()))


def _cuts(mask: Bool[np.ndarray, "h w"]) -> list[Int[np.ndarray, " h"]]:
    """Return paths from top to bottom, as a column for each row, that cross the least ink; the best first, then sorted.

    A path moves by up to one column a row, so that it follows the slant of the writing and goes around strokes.
    """
    columns = max(8, round(_DRAFT * mask.shape[1] / mask.shape[0]))
    ink = resize(mask.astype(np.float32), (_DRAFT, columns), order=1, anti_aliasing=True)
    first, last = round(_EDGE * columns), round((1 - _EDGE) * columns)
    costs, origins = _seams(ink[:, first:last])
    paths: list[Int[np.ndarray, " rows"]] = []
    width = ink.sum() / max(1, skeletonize(ink > 0.5).sum())
    for end in np.argsort(costs, kind="stable"):
        if costs[end] > _WIDEST_CONTACT * width:
            break
        path = first + _trace(origins, int(end))
        if all(np.abs(path - other).mean() > _APART * _DRAFT for other in paths):
            paths.append(path)
        if len(paths) == _MOST_CUTS:
            break
    paths.sort(key=lambda path: float(path.mean()))
    rows = np.minimum(np.arange(len(mask)) * _DRAFT // len(mask), _DRAFT - 1)
    return [np.rint((path[rows] + 0.5) * mask.shape[1] / columns).astype(int) for path in paths]


def _seams(ink: Float32[np.ndarray, "h w"]) -> tuple[Float32[np.ndarray, " w"], Int[np.ndarray, "h w"]]:
    """Return the least cost of a path to each column of the last row, and the column each place is reached from."""
    cost = ink[0]
    origins = np.zeros(ink.shape, int)
    for row in range(1, len(ink)):
        padded = np.pad(cost, 1, constant_values=np.inf)
        # Straight on, where the costs are the same.
        ways = np.stack([padded[1:-1], padded[:-2] + 0.05, padded[2:] + 0.05])
        choice = ways.argmin(axis=0)
        origins[row] = np.arange(ink.shape[1]) + np.array([0, -1, 1])[choice]
        cost = ink[row] + ways.min(axis=0)
    return cost, origins


def _trace(origins: Int[np.ndarray, "h w"], end: int) -> Int[np.ndarray, " h"]:
    path = np.empty(len(origins), int)
    for row in range(len(origins) - 1, -1, -1):
        path[row] = end
        end = origins[row, end]
    return path
