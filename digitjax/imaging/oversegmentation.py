"""Over-segmentation of touching digits: candidate cuts of wide regions, among which the classifier's answers select.

After Casey and Lecolinet (1996), "A survey of methods and strategies in character segmentation".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float32, Int
from scipy import ndimage
from skimage.morphology import skeletonize
from skimage.transform import resize

from digitjax.imaging.binarize import EDGE_INTENSITY
from digitjax.imaging.segmentation import Region

Hypothesis = tuple[Region, ...]
"""The digits that a region may hold, from left to right."""


@dataclass(frozen=True)
class OversegmentationParams:
    """Parameters of over-segmentation.

    Chosen while recognition was developed on the development pictures of people's handwriting (README).
    """

    min_aspect: float = 0.9
    """Width over height from which a region may be more than one digit."""
    draft_height: int = 48
    """Rows of the reduced region on which the cuts are sought."""
    min_draft_width: int = 8
    """Fewest columns of that reduced region."""
    max_cuts: int = 4
    """Largest number of cuts of a region."""
    min_separation: float = 0.15
    """Mean distance between two cuts, as a share of the region's height."""
    side_margin: float = 0.15
    """Share of the region's width, at its left and its right, in which no cut is sought."""
    diagonal_cost: float = 0.05
    """Cost of a step to the next column, in pixels of full intensity, so that equal paths go straight."""
    max_contact: float = 2.0
    """Intensity that a cut may cross, in mean stroke widths."""
    min_splinter_area: float = 0.1
    """Area below which what a cut splits off is dropped, as a share of the part's largest component."""
    min_part_height: float = 0.55
    """Height of each part, as a share of the region's height."""
    min_mean_width: float = 0.5
    """Mean width of the parts, as a share of the region's height."""
    cut_penalty: float = 0.2
    """Penalty of each cut, in nats: most wide digits are one digit."""
    min_part_probability: float = 0.95
    """Top-2 probability (see `digitjax.model.calibration`) that each part of a cut region needs."""


def find_hypotheses(
    region: Region, params: OversegmentationParams = OversegmentationParams()
) -> list[Hypothesis]:
    """Find the segmentation hypotheses of a region.

    Args:
        region: what hangs together in the picture.
        params: parameters of the over-segmentation.

    Returns:
        The hypotheses; the first one is the region as a single digit.
    """
    if region.width < params.min_aspect * region.height:
        return [(region,)]
    cuts = _find_cuts(region.mask, params)
    max_cuts = min(len(cuts), round(region.width / (params.min_mean_width * region.height)) - 1)
    subsets = [subset for count in range(max_cuts + 1) for subset in combinations(cuts, count)]
    hypotheses = [_split(region, subset, params) for subset in subsets]
    return [hypothesis for hypothesis in hypotheses if hypothesis is not None]


def select_hypotheses(
    hypotheses: Sequence[Sequence[Hypothesis]],
    top2_probabilities: Float32[np.ndarray, " parts"],
    params: OversegmentationParams = OversegmentationParams(),
) -> list[int]:
    """Select the best hypothesis of each region.

    Args:
        hypotheses: the hypotheses of each region.
        top2_probabilities: of each part of each hypothesis of each region, in this order, that it is a digit.
        params: parameters of the over-segmentation.

    Returns:
        The indices, into `top2_probabilities`, of the parts of the selected hypotheses.
    """
    selected: list[int] = []
    first = 0
    for candidates in hypotheses:
        indices = []
        for hypothesis in candidates:
            indices.append(range(first, first + len(hypothesis)))
            first += len(hypothesis)
        selected += indices[best_hypothesis([top2_probabilities[i].tolist() for i in indices], params)]
    return selected


def best_hypothesis(
    top2_probabilities: Sequence[Sequence[float]], params: OversegmentationParams = OversegmentationParams()
) -> int:
    """Return the index of the likeliest hypothesis of one region.

    Every part of a cut region must be a digit almost surely: pieces of letters and scribbles may well look like
    digits, but seldom all of them.

    Args:
        top2_probabilities: of each part of each hypothesis, that it is a digit; the first hypothesis is not to cut.
        params: parameters of the over-segmentation.
    """
    scores = [
        float(np.log(parts).sum()) - params.cut_penalty * (len(parts) - 1)
        if min(parts) >= params.min_part_probability or not i
        else -np.inf
        for i, parts in enumerate(np.maximum(parts, 1e-6) for parts in top2_probabilities)
    ]
    return int(np.argmax(scores))


def _split(
    region: Region, cuts: Sequence[Int[np.ndarray, " h"]], params: OversegmentationParams
) -> Hypothesis | None:
    """Split a region at cuts; None if a part would be no digit."""
    if not cuts:
        return (region,)
    columns = np.arange(region.width)
    left = np.zeros(region.height, int)
    parts = []
    for right in (*cuts, np.full(region.height, region.width)):
        inside = (columns >= left[:, None]) & (columns < right[:, None])
        mask = _remove_splinters(region.mask & inside, params)
        left = right
        if not mask.any():
            return None
        parts.append(region.crop_to(mask))
        if parts[-1].height < params.min_part_height * region.height:
            return None
    return tuple(parts)


def _remove_splinters(
    mask: Bool[np.ndarray, "h w"], params: OversegmentationParams
) -> Bool[np.ndarray, "h w"]:
    """Remove the small components that a cut splits off."""
    labels, count = ndimage.label(mask, np.ones((3, 3), bool))
    if count < 2:
        return mask
    areas = np.bincount(labels.ravel())[1:]
    return np.isin(labels, 1 + np.flatnonzero(areas >= params.min_splinter_area * areas.max()))


def _find_cuts(mask: Bool[np.ndarray, "h w"], params: OversegmentationParams) -> list[Int[np.ndarray, " h"]]:
    """Return the paths from top to bottom that cross the least intensity, as a column for each row, from the left.

    A path moves by up to one column a row, so that it follows the slant of the writing and goes around strokes.
    """
    draft_height = params.draft_height
    draft_width = max(params.min_draft_width, round(draft_height * mask.shape[1] / mask.shape[0]))
    draft = resize(mask.astype(np.float32), (draft_height, draft_width), order=1, anti_aliasing=True)
    first, last = round(params.side_margin * draft_width), round((1 - params.side_margin) * draft_width)
    costs, origins = _least_cost_paths(draft[:, first:last], params.diagonal_cost)
    stroke_width = draft.sum() / max(1, skeletonize(draft > EDGE_INTENSITY).sum())
    paths: list[Int[np.ndarray, " rows"]] = []
    for end in np.argsort(costs, kind="stable"):
        if costs[end] > params.max_contact * stroke_width or len(paths) == params.max_cuts:
            break
        path = first + _trace_path(origins, int(end))
        if all(np.abs(path - other).mean() > params.min_separation * draft_height for other in paths):
            paths.append(path)
    paths.sort(key=lambda path: float(path.mean()))
    rows = np.minimum(np.arange(len(mask)) * draft_height // len(mask), draft_height - 1)
    return [np.rint((path[rows] + 0.5) * mask.shape[1] / draft_width).astype(int) for path in paths]


def _least_cost_paths(
    intensity: Float32[np.ndarray, "h w"], diagonal_cost: float
) -> tuple[Float32[np.ndarray, " w"], Int[np.ndarray, "h w"]]:
    """Return the least cost of a path to each column of the last row, and the column each pixel is reached from."""
    cost = intensity[0]
    origins = np.zeros(intensity.shape, int)
    for row in range(1, len(intensity)):
        padded = np.pad(cost, 1, constant_values=np.inf)
        steps = np.stack([padded[1:-1], padded[:-2] + diagonal_cost, padded[2:] + diagonal_cost])
        cheapest = steps.argmin(axis=0)
        origins[row] = np.arange(intensity.shape[1]) + np.array([0, -1, 1])[cheapest]
        cost = intensity[row] + steps.min(axis=0)
    return cost, origins


def _trace_path(origins: Int[np.ndarray, "h w"], end: int) -> Int[np.ndarray, " h"]:
    """Return the column in each row of the path that ends in a column of the last row."""
    path = np.empty(len(origins), int)
    for row in range(len(origins) - 1, -1, -1):
        path[row] = end
        end = origins[row, end]
    return path
