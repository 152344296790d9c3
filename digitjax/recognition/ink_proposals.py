"""Proposals of the network that finds strokes: a foreground, and the digits that its pixels vote for."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int32, UInt8
from PIL import Image
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.feature import peak_local_max

from digitjax.imaging.binarize import EDGE_INTENSITY, Foreground
from digitjax.imaging.cells import CELL, average_cells, enlarge_cells, smooth_cells
from digitjax.imaging.segmentation import Region
from digitjax.model.ink_model import InkPrediction

_EIGHT_NEIGHBORS = np.ones((3, 3), bool)


@dataclass(frozen=True)
class InkProposalParams:
    """Parameters of the proposals; lengths in usual heights of the picture's digits unless a field says otherwise."""

    sure: float = 0.5
    """Probability from which a pixel is a stroke."""
    possible: float = 0.2
    """Probability from which what hangs together with a sure stroke belongs to it."""
    paper: float = 0.08
    """Probability below which a pixel is paper."""
    paper_window: float = 1.0
    """Side of the square around a pixel in which the color of the paper is averaged."""
    pen_window: float = 0.6
    """Side of the square around a pixel in which the color of the pen is averaged."""
    min_contrast: float = 4 / 255
    """Contrast of pen and paper, in shares of white, below which there is no stroke."""
    bins: float = 12.0
    """Bins of the votes to a height."""
    blur: float = 1.3
    """Standard deviation of the votes for one digit, in bins."""
    min_votes: float = 0.12
    """Share of the votes for the strongest digit that another one needs."""
    min_distance: float = 0.3
    """Distance of the middles of two digits."""
    near: float = 0.5
    """Distance up to which two middles are one where the votes between them are many."""
    max_valley: float = 0.6
    """Votes between two middles that are near, over those for the weaker one, from which they are one."""
    one_digit_share: float = 0.88
    """Share of the pixels that hang together from which they are one digit, whatever the others vote for."""
    narrow: float = 0.7
    """Width of what hangs together up to which it is one digit: that which most of its pixels vote for."""
    min_part: float = 0.03
    """Area of a loose part of a digit, over its largest part's."""
    min_height: float = 0.45
    """Height of a digit, over the one that its pixels vote for; noise does not agree with itself."""
    max_height: float = 2.2
    """Largest such height."""
    min_pixels: int = 6
    """Fewest pixels of a digit."""


class InkView(NamedTuple):
    """A foreground and its digits at a size of the picture that may be smaller than its own."""

    foreground: Foreground
    owners: Int32[np.ndarray, "h w"]
    """Number of the digit that a pixel is a stroke of, from 1; 0 beside the strokes of digits."""


def propose_regions(
    pixels: UInt8[np.ndarray, "h w 3"],
    prediction: InkPrediction,
    params: InkProposalParams = InkProposalParams(),
) -> tuple[Foreground, list[Region]] | None:
    """Propose which pixels belong to the strokes of digits, and which digits there are.

    Args:
        pixels: the picture in RGB.
        prediction: what the network sees in it.
        params: parameters of the proposal.

    Returns:
        The foreground, of the size of the picture, and the digits in it, all in line 0 and in no order; None where the
        network sees no digit.
    """
    view = view_digits(pixels, prediction, params)
    if view is None:
        return None
    foreground = Foreground(resize(view.foreground.intensity, pixels.shape), uniform_background=True)
    return foreground, enlarge_regions(view.owners, foreground)


def enlarge_regions(owners: Int32[np.ndarray, "h w"], foreground: Foreground) -> list[Region]:
    """Return the digits in the size of a foreground.

    Args:
        owners: as in `InkView`.
        foreground: the same picture, as large or larger.

    Returns:
        The digits, all in line 0.
    """
    shape = foreground.intensity.shape
    scales = [large / small for large, small in zip(shape, owners.shape, strict=True)]
    regions = []
    for number, place in enumerate(ndimage.find_objects(owners), start=1):
        if place is None:
            continue
        (y0, y1), (x0, x1) = (
            (int(part.start * scale), min(int(np.ceil(part.stop * scale)), side))
            for part, scale, side in zip(place, scales, shape, strict=True)
        )
        rows = ((np.arange(y0, y1) + 0.5) / scales[0]).astype(int)
        columns = ((np.arange(x0, x1) + 0.5) / scales[1]).astype(int)
        strokes = foreground.intensity[y0:y1, x0:x1] > EDGE_INTENSITY
        mask = (owners[np.ix_(rows, columns)] == number) & strokes
        if mask.any():
            regions.append(Region(x0, y0, x1, y1, 0, mask).crop_to(mask))
    return regions


def view_digits(
    pixels: UInt8[np.ndarray, "h w 3"],
    prediction: InkPrediction,
    params: InkProposalParams = InkProposalParams(),
) -> InkView | None:
    """Find the foreground and the digits, at the smaller of the picture's size and that of the prediction.

    Args:
        pixels: the picture in RGB.
        prediction: what the network sees in it.
        params: parameters of the proposal.

    Returns:
        The foreground and its digits; None where there is none.
    """
    if not prediction.height:
        return None
    probability, small = prediction.probability, prediction.pixels
    if small.size > pixels.size:
        small = pixels
        probability = resize(probability, pixels.shape)
    zoom = small.shape[0] / prediction.pixels.shape[0]
    height = prediction.height * zoom
    intensity = guided_intensity(small, probability, height, params)
    strokes = _hysteresis(probability, params) & (intensity > EDGE_INTENSITY)
    rows, columns = np.nonzero(strokes)
    if len(rows) < params.min_pixels:
        return None
    half = prediction.votes
    at_y = np.minimum(((rows + 0.5) / zoom / 2).astype(int), half.shape[0] - 1)
    at_x = np.minimum(((columns + 0.5) / zoom / 2).astype(int), half.shape[1] - 1)
    votes = half[at_y, at_x] * np.float32(zoom)
    middles = (np.stack([rows, columns], axis=1) + votes[:, 1::-1]).astype(np.float32)
    heights = np.clip(votes[:, 2], 0.4 * height, 2.5 * height)
    peaks = _find_peaks(middles, heights, small.shape[:2], height, params)
    if not len(peaks):
        return None
    nearest = cKDTree(peaks).query(middles)[1]
    owners = np.zeros(strokes.shape, np.int32)
    owners[rows, columns] = _agree(nearest, strokes, len(peaks), height, params) + 1
    voted = np.zeros(strokes.shape, np.float32)
    voted[rows, columns] = heights
    likely = _remove_unlikely(owners, voted, params)
    owners = likely if likely.any() else owners  # a single huge digit is better than none
    return InkView(Foreground(intensity, uniform_background=True), owners) if owners.any() else None


def guided_intensity(
    pixels: UInt8[np.ndarray, "h w 3"],
    probability: Float32[np.ndarray, "h w"],
    height: float,
    params: InkProposalParams = InkProposalParams(),
) -> Float32[np.ndarray, "h w"]:
    """Return how far each pixel is on the way from the paper's color to the pen's, both as they are around it.

    Args:
        pixels: the picture in RGB.
        probability: that a pixel is a stroke.
        height: of most digits, in pixels.
        params: parameters of the proposal.

    Returns:
        0 for paper to 1 for pen, with edges of strokes at `EDGE_INTENSITY`; 0 where the network sees no stroke.
    """
    light = [pixels[..., channel] * np.float32(1 / 255) for channel in range(3)]
    papers = _local_means(
        light, (probability < params.paper).astype(np.float32), round(params.paper_window * height)
    )
    differences = [
        plane - enlarge_cells(paper, plane.shape) for plane, paper in zip(light, papers, strict=True)
    ]
    contrast = np.maximum(np.maximum(np.abs(differences[0]), np.abs(differences[1])), np.abs(differences[2]))
    weight = np.where(probability > params.sure, probability, 0) * (contrast + np.float32(1e-3))
    pens = [
        enlarge_cells(pen, contrast.shape)
        for pen in _local_means(differences, weight, round(params.pen_window * height))
    ]
    squared = pens[0] ** 2 + pens[1] ** 2 + pens[2] ** 2
    along = sum(difference * pen for difference, pen in zip(differences, pens, strict=True))
    near = ndimage.binary_dilation(_hysteresis(probability, params), _EIGHT_NEIGHBORS)
    return (np.clip(along / np.maximum(squared, params.min_contrast**2), 0, 1) * near).astype(np.float32)


def _local_means(
    planes: list[Float32[np.ndarray, "h w"]], weight: Float32[np.ndarray, "h w"], side: int
) -> list[Float32[np.ndarray, "h2 w2"]]:
    """Return the weighted mean of planes around each cell; where there is no weight, that of wider surroundings."""
    weights = average_cells(weight)
    sums = [average_cells(plane * weight) for plane in planes]
    total = float(weights.sum()) + 1e-9
    results = [np.full(weights.shape, float(s.sum()) / total, np.float32) for s in sums]
    for width in (9 * side, 3 * side, side):
        local = smooth_cells(weights, max(width, CELL))
        trust = np.minimum(local / 0.01, 1)
        results = [
            result + trust * (smooth_cells(s, max(width, CELL)) / np.maximum(local, 1e-6) - result)
            for result, s in zip(results, sums, strict=True)
        ]
    return results


def _hysteresis(
    probability: Float32[np.ndarray, "h w"], params: InkProposalParams
) -> Bool[np.ndarray, "h w"]:
    """Return where strokes are sure, and where they are possible and hang together with sure ones."""
    labels, count = ndimage.label(probability > params.possible, _EIGHT_NEIGHBORS)
    is_sure = np.zeros(count + 1, bool)
    is_sure[labels[probability > params.sure]] = True
    is_sure[0] = False
    return is_sure[labels]


def _find_peaks(
    middles: Float32[np.ndarray, "n 2"],
    heights: Float32[np.ndarray, " n"],
    shape: tuple[int, ...],
    height: float,
    params: InkProposalParams,
) -> Float32[np.ndarray, "digits 2"]:
    """Return where many votes meet: the middles of digits, row and column in pixels."""
    size = height / params.bins
    counts = [int(side / size) + 1 for side in shape[:2]]
    bins = np.clip(middles / size, 0, np.array(counts) - 1).astype(int)
    heat = np.zeros(counts, np.float32)
    np.add.at(heat, (bins[:, 0], bins[:, 1]), 1 / heights**2)
    heat = ndimage.gaussian_filter(np.pad(heat, 2), params.blur)
    distance = max(1, round(params.min_distance * params.bins))
    found = peak_local_max(heat, min_distance=distance, threshold_rel=params.min_votes, exclude_border=False)
    peaks: list[np.ndarray] = []
    for peak in found:  # the strongest first
        others = (p for p in peaks if np.hypot(*(p - peak)) < params.near * params.bins)
        if not any(_valley(heat, peak, other) > params.max_valley * heat[tuple(peak)] for other in others):
            peaks.append(peak)
    return (np.array(peaks, np.float32).reshape(-1, 2) - 1.5) * np.float32(size)


def _valley(heat: Float32[np.ndarray, "h w"], start: np.ndarray, end: np.ndarray) -> float:
    """Return the fewest votes on the straight way between two bins."""
    way = np.rint(np.linspace(start, end, 13)).astype(int)
    return float(heat[way[:, 0], way[:, 1]].min())


def _agree(
    owners: np.ndarray, strokes: Bool[np.ndarray, "h w"], count: int, height: float, params: InkProposalParams
) -> np.ndarray:
    """Give pixels that hang together to one digit where almost all vote for it, or where they are narrow."""
    labels, parts = ndimage.label(strokes, _EIGHT_NEIGHBORS)
    widths = [0.0, *(float(place[1].stop - place[1].start) for place in ndimage.find_objects(labels))]
    is_narrow = np.array(widths) < params.narrow * height
    parts_of_pixels = labels[strokes]
    table = np.bincount(parts_of_pixels * count + owners, minlength=(parts + 1) * count).reshape(
        parts + 1, count
    )
    agree = is_narrow | (table.max(axis=1) > params.one_digit_share * table.sum(axis=1))
    return np.where(agree[parts_of_pixels], table.argmax(axis=1)[parts_of_pixels], owners)


def _remove_unlikely(
    owners: Int32[np.ndarray, "h w"], voted: Float32[np.ndarray, "h w"], params: InkProposalParams
) -> Int32[np.ndarray, "h w"]:
    """Return the digits without their specks, and without those whose size is not what their pixels vote for."""
    owners = owners.copy()
    for number, place in enumerate(ndimage.find_objects(owners), start=1):
        if place is None:
            continue
        window = owners[place]
        mask = window == number
        labels, _ = ndimage.label(mask, _EIGHT_NEIGHBORS)
        areas = np.bincount(labels.ravel())
        areas[0] = 0
        kept = (areas >= params.min_part * areas.max())[labels] & mask
        rows, columns = np.flatnonzero(kept.any(1)), np.flatnonzero(kept.any(0))
        size = max(np.ptp(rows) + 1, 0.6 * (np.ptp(columns) + 1)) / float(np.median(voted[place][kept]))
        if kept.sum() < params.min_pixels or not params.min_height < size < params.max_height:
            kept[:] = False
        window[mask & ~kept] = 0
    return owners


def resize(values: Float32[np.ndarray, "h w"], shape: tuple[int, ...]) -> Float32[np.ndarray, "h2 w2"]:
    """Resize a map by linear interpolation.

    Args:
        values: a map of a picture.
        shape: of the result: height and width, and possibly channels, which are ignored.

    Returns:
        The map in this size.
    """
    if values.shape == shape[:2]:
        return values
    return np.asarray(Image.fromarray(values).resize((shape[1], shape[0]), Image.Resampling.BILINEAR))
