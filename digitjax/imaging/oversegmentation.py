"""Over-segmentation: the parts that the regions of a line may be cut and merged into, of which the best are selected.

The boundaries between possible parts are the nodes of a lattice, the parts its edges; dynamic programming finds the
path that the classifier is surest of. After Casey and Lecolinet (1996), "A survey of methods and strategies in
character segmentation".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int
from scipy import ndimage
from skimage.morphology import skeletonize
from skimage.transform import resize

from digitjax.imaging.binarize import EDGE_INTENSITY
from digitjax.imaging.segmentation import Region

_OUTSIDE = 1e3  # cost of a pixel beside the region, through which no cut goes


@dataclass(frozen=True)
class OversegmentationParams:
    """Parameters of over-segmentation.

    Chosen while recognition was developed on the development pictures of people's handwriting (README), and on
    generated pages.
    """

    min_aspect: float = 0.9
    """Width over height from which a region may be more than one digit."""
    draft_height: int = 48
    """Rows of the reduced region on which the cuts are sought."""
    min_draft_width: int = 8
    """Fewest columns of that reduced region."""
    max_aspect: float = 20.0
    """Width over height from which a region is no row of digits, and is not cut."""
    window_step: float = 0.1
    """Distance of the windows in which a cut is sought each, as a share of the region's height."""
    window_reach: float = 0.2
    """How far a cut may go to the left and the right of the middle of its window, as a share of that height."""
    min_separation: float = 0.1
    """Mean distance between two cuts, as a share of the region's height."""
    side_margin: float = 0.12
    """Distance of a cut from the left and the right of a region, as a share of its height."""
    diagonal_cost: float = 0.05
    """Cost of a step to the next column, in pixels of full intensity, so that equal paths go straight."""
    max_contact: float = 4.0
    """Intensity that a cut may cross, in mean stroke widths."""
    min_splinter_area: float = 0.1
    """Area below which what a cut splits off is dropped, as a share of the part's largest component."""
    min_part_height: float = 0.55
    """Height of each part of a cut region, as a share of the region's height."""
    shared_widths: float = 1.0
    """How far a part may also reach beyond its cuts, in mean stroke widths, as touching digits share strokes."""
    max_part_width: float = 1.4
    """Width of each part, as a share of the region's height."""
    max_parts: int = 500
    """Most parts that the regions of a line are cut and merged into; only textures and noise have more."""
    cut_penalty: float = 0.2
    """Penalty of each cut, in nats: most wide digits are one digit."""
    usual_aspect: float = 1.5
    """Width over height up to which a region beside others has no penalty."""
    aspect_penalty: float = 1.0
    """Penalty of a wider one, in nats for each unit of width over height: few digits are that wide."""
    min_part_probability: float = 0.95
    """Top-2 probability (see `digitjax.model.calibration`) that each part of a cut or merged region needs."""
    merge_gap: float = 0.2
    """Largest gap between two regions that may be one broken digit, over the higher one's height."""
    merge_aspect: float = 1.1
    """Largest width over height of two regions that may be one broken digit."""
    merge_penalty: float = 1.0
    """Penalty of each merge, in nats: most neighbors are two digits."""


class Lattice(NamedTuple):
    """The parts that the regions of one line may be cut and merged into."""

    parts: list[Region]
    """The edges of the lattice."""
    spans: list[tuple[int, int]]
    """Numbers of the boundaries that each part lies between, from the left."""
    penalties: list[float]
    """Penalty of each part, in nats."""
    region_count: int
    """Number of the regions as they were found, which are the first parts."""

    def select(
        self,
        top2_probabilities: Float[np.ndarray, " parts"],
        params: OversegmentationParams = OversegmentationParams(),
    ) -> list[int]:
        """Select the parts from the first boundary to the last whose total log-likelihood is highest.

        What is cut or merged must be a digit almost surely: pieces of letters and scribbles may well look like digits,
        but seldom all of them.

        Args:
            top2_probabilities: of each part, that it is a digit.
            params: parameters of the over-segmentation.

        Returns:
            Indices of the parts, from the left.
        """
        is_region = np.arange(len(self.parts)) < self.region_count
        allowed = is_region | (top2_probabilities >= params.min_part_probability)
        scores = np.log(np.maximum(top2_probabilities, 1e-6)) - np.array(self.penalties)
        best: dict[
            int, tuple[float, int]
        ] = {}  # for each boundary the score up to it, and the part before it
        for number in sorted(np.flatnonzero(allowed), key=lambda i: self.spans[i]):
            start, end = self.spans[number]
            if start and start not in best:
                continue
            score = (best[start][0] if start else 0.0) + float(scores[number])
            if end not in best or score > best[end][0]:
                best[end] = score, int(number)
        path: list[int] = []
        boundary = max((end for _, end in self.spans), default=0)
        while boundary:
            path.append(best[boundary][1])
            boundary = self.spans[path[-1]][0]
        return path[::-1]


def build_lattice(
    regions: Sequence[Region],
    top2_probabilities: Sequence[float],
    params: OversegmentationParams = OversegmentationParams(),
) -> Lattice:
    """Find the parts that the regions of a line may be cut and merged into.

    Where a region is likely a digit, no part would be selected because of its penalty, so there is none.

    Args:
        regions: of one line, from the left.
        top2_probabilities: of each region, that it is a digit.
        params: parameters of the over-segmentation.

    Returns:
        The lattice; its first parts are the regions.
    """
    log_probabilities = np.log(np.maximum(top2_probabilities, 1e-6))
    # A digit that stands alone may be as wide as it likes.
    penalties = [_aspect_penalty(region, params) if len(regions) > 1 else 0.0 for region in regions]
    may_be_cut = params.max_parts > 0
    cuts = [
        _find_cuts(region.mask, params)
        if may_be_cut and _is_wide(region, params) and value < -params.cut_penalty
        else []
        for region, value in zip(regions, log_probabilities - penalties, strict=True)
    ]
    ends = np.cumsum([len(paths) + 1 for paths in cuts]).tolist()
    starts = [0, *ends]
    parts = list(regions)
    spans = list(zip(starts, ends, strict=False))
    for region, paths, start in zip(regions, cuts, starts, strict=False):
        remaining = params.max_parts - (len(parts) - len(regions))
        for i, j, part in islice(_cut(region, paths, params), max(0, remaining)):
            # The penalty of a cut is shared by the parts on its two sides.
            sides = (i > 0) + (j < len(paths) + 1)
            parts.append(part)
            spans.append((start + i, start + j))
            penalties.append(params.cut_penalty / 2 * sides)
    for i, (left, right) in enumerate(pairwise(regions)):
        if log_probabilities[i : i + 2].sum() >= -params.merge_penalty:
            continue
        if len(parts) - len(regions) >= params.max_parts:
            break
        merged = left.union(right)
        height = max(left.height, right.height)
        close = right.x0 - left.x1 <= params.merge_gap * height
        if close and merged.width <= params.merge_aspect * merged.height:
            parts.append(merged)
            spans.append((starts[i], ends[i + 1]))
            penalties.append(params.merge_penalty)
    return Lattice(parts, spans, penalties, len(regions))


def _is_wide(region: Region, params: OversegmentationParams) -> bool:
    return params.min_aspect * region.height <= region.width <= params.max_aspect * region.height


def _aspect_penalty(region: Region, params: OversegmentationParams) -> float:
    """Return the penalty of a region that is wider than most digits, in nats."""
    return params.aspect_penalty * max(0.0, region.width / region.height - params.usual_aspect)


def _cut(
    region: Region, cuts: Sequence[Int[np.ndarray, " h"]], params: OversegmentationParams
) -> Iterator[tuple[int, int, Region]]:
    """Yield the parts of a region between any two of its cuts that may be digits, each with its boundaries."""
    if not cuts:
        return
    paths = [np.zeros(region.height, int), *cuts, np.full(region.height, region.width)]
    width = round(params.shared_widths * region.mask.sum() / max(1, skeletonize(region.mask).sum()))
    for i, left in enumerate(paths):
        for j in range(i + 1, len(paths) - (i == 0)):  # all of it is the region itself
            right = paths[j]
            first, last = max(0, int(left.min()) - width), min(region.width, int(right.max()) + width)
            columns, window = np.arange(first, last), region.mask[:, first:last]
            inside = (columns >= left[:, None]) & (columns < right[:, None])
            near = (columns >= left[:, None] - width) & (columns < right[:, None] + width)
            masks = [_remove_splinters(window & cover, params) for cover in (inside, near)]
            if not masks[0].any():
                continue
            tight, shared = (region.crop_to(mask).translate(first, 0) for mask in masks)
            if tight.width > params.max_part_width * region.height:
                break
            if tight.height >= params.min_part_height * region.height:
                yield i, j, tight
                yield i, j, shared


def _remove_splinters(
    mask: Bool[np.ndarray, "h w"], params: OversegmentationParams
) -> Bool[np.ndarray, "h w"]:
    """Remove the small components that a cut splits off."""
    labels, count = ndimage.label(mask, np.ones((3, 3), bool))
    if count < 2:
        return mask
    areas = np.bincount(labels.ravel())[1:]
    return np.concatenate([[False], areas >= params.min_splinter_area * areas.max()])[labels]


def _find_cuts(mask: Bool[np.ndarray, "h w"], params: OversegmentationParams) -> list[Int[np.ndarray, " h"]]:
    """Return the paths from top to bottom that cross the least intensity, as a column for each row, from the left.

    A path moves by up to one column a row, so that it follows the slant of the writing and goes around strokes. One is
    sought in each of many overlapping windows, so that none goes a long way around the touch of two digits.
    """
    height = params.draft_height
    width = max(params.min_draft_width, round(height * mask.shape[1] / mask.shape[0]))
    draft = resize(mask.astype(np.float32), (height, width), order=1, anti_aliasing=True)
    margin, reach = round(params.side_margin * height), round(params.window_reach * height)
    centers = np.arange(margin, width - margin, max(1, round(params.window_step * height)))
    if not centers.size:
        return []
    padded = np.pad(draft, ((0, 0), (reach, reach)), constant_values=_OUTSIDE)
    windows = np.stack([padded[:, center : center + 2 * reach + 1] for center in centers])
    costs, paths = _least_cost_paths(windows, params.diagonal_cost)
    paths = paths + (centers - reach)[:, None]
    stroke_width = draft.sum() / max(1, skeletonize(draft > EDGE_INTENSITY).sum())
    kept: list[Int[np.ndarray, " rows"]] = []
    for index in np.argsort(costs, kind="stable"):
        path = paths[index]
        if costs[index] > params.max_contact * stroke_width:
            break
        if not margin <= path.mean() < width - margin or path.min() < 0 or path.max() >= width:
            continue
        if all(np.abs(path - other).mean() > params.min_separation * height for other in kept):
            kept.append(path)
    kept.sort(key=lambda path: float(path.mean()))
    rows = np.minimum(np.arange(len(mask)) * height // len(mask), height - 1)
    return [np.rint((path[rows] + 0.5) * mask.shape[1] / width).astype(int) for path in kept]


def _least_cost_paths(
    windows: Float32[np.ndarray, "n h w"], diagonal_cost: float
) -> tuple[Float32[np.ndarray, " n"], Int[np.ndarray, "n h"]]:
    """Return for each window the least cost of a path from top to bottom, and its column in each row."""
    count, height = windows.shape[:2]
    cost = windows[:, 0]
    steps = np.zeros(windows.shape, int)
    for row in range(1, height):
        before = np.pad(cost, ((0, 0), (1, 1)), constant_values=np.inf)
        options = np.stack([before[:, 1:-1], before[:, :-2] + diagonal_cost, before[:, 2:] + diagonal_cost])
        cheapest = options.argmin(axis=0)
        steps[:, row] = np.array([0, -1, 1])[cheapest]
        cost = windows[:, row] + options.min(axis=0)
    paths = np.empty((count, height), int)
    paths[:, -1] = cost.argmin(axis=1)
    for row in range(height - 1, 0, -1):
        paths[:, row - 1] = paths[:, row] + steps[np.arange(count), row, paths[:, row]]
    return cost.min(axis=1).astype(np.float32), paths
