"""Hypotheses of where digits are and which: the regions of every foreground proposal, classified."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from digitjax.imaging.normalize import NormalizeParams, crop_digit
from digitjax.imaging.oversegmentation import Lattice, OversegmentationParams, build_lattice
from digitjax.imaging.proposals import Proposal
from digitjax.imaging.segmentation import Region, SegmentationParams, find_digits, group_into_lines
from digitjax.model.calibration import top2_probability
from digitjax.recognition.crop_classifier import CropClassifier


@dataclass(frozen=True)
class HypothesisParams:
    """Parameters of the hypotheses of one proposal."""

    segmentation: SegmentationParams = field(default_factory=SegmentationParams)
    """Foreground to regions."""
    oversegmentation: OversegmentationParams = field(default_factory=OversegmentationParams)
    """Regions to parts of touching digits."""
    normalize: NormalizeParams = field(default_factory=NormalizeParams)
    """Regions to images."""
    min_height: int = 5
    """Height in pixels below which nothing can be told to be a digit."""
    min_seen: float = 0.15
    """Mean stroke probability, as the ink network sees it, below which a region is left out."""
    max_regions: int = 250
    """Number of regions from which a proposal is a texture, and has no hypotheses."""
    max_parts: int = 1500
    """Most parts that the regions of one call are cut and merged into; only patterns and noise have more."""
    same_distance: float = 0.06
    """Distance of the edges of two boxes, over their size, up to which both may show the same digit."""
    same_share: float = 0.9
    """Share of the smaller region's pixels that both have in common if they show the same digit."""


@dataclass(frozen=True)
class Hypothesis:
    """A digit that may be in a picture."""

    proposal: int
    """Number of the proposal that shows it."""
    region: Region
    image: UInt8[np.ndarray, "28 28"]
    """The normalized image that the network classified."""
    probabilities: Float32[np.ndarray, " 10"]
    """Probability of each of 0 to 9."""

    @cached_property
    def label(self) -> int:
        """The most probable digit."""
        return int(self.probabilities.argmax())

    @cached_property
    def top2_probability(self) -> float:
        """Probability that it is a digit: see `digitjax.model.calibration.top2_probability`."""
        return float(top2_probability(self.probabilities[None])[0])


def classify_proposals(
    proposals: Sequence[Proposal],
    first_number: int,
    classifier: CropClassifier,
    reject_threshold: float | None,
    params: HypothesisParams = HypothesisParams(),
    known: Sequence[Hypothesis] = (),
    ink: Float32[np.ndarray, "h w"] | None = None,
) -> list[list[Hypothesis]]:
    """Segment proposals and classify all their regions in one batch.

    Args:
        proposals: foreground proposals of one picture.
        first_number: number of the first of them.
        classifier: of the picture.
        reject_threshold: see `CropClassifier`.
        params: parameters of the hypotheses.
        known: sure digits of another proposal; regions that show the same are not classified again.
        ink: probability that a pixel is a stroke of a digit, by which regions without strokes are left out; None if it
            is not known.

    Returns:
        The hypotheses of each proposal, in reading order.
    """
    lines = [
        (number, proposal.foreground.intensity, line)
        for number, proposal in enumerate(proposals, start=first_number)
        for line in _find_lines(proposal, ink, params)
    ]

    def classify(parts: Sequence[_Part]) -> list[Hypothesis]:
        """Return the hypotheses of parts, reusing known digits."""
        same = [_find_same(part.region, known, params) for part in parts]
        new = [part for part, digit in zip(parts, same, strict=True) if digit is None]
        crops = [crop_digit(part.intensity, part.region) for part in new]
        classified = zip(*classifier(crops, reject_threshold), strict=True)
        return [
            Hypothesis(part.proposal, part.region, *next(classified))
            if digit is None
            else replace(digit, proposal=part.proposal, region=part.region)
            for part, digit in zip(parts, same, strict=True)
        ]

    regions = iter(classify([_Part(*line[:2], region) for line in lines for region in line[2]]))
    of_lines = [[next(regions) for _ in line[2]] for line in lines]
    lattices = _build_lattices(of_lines, params)
    extra = iter(
        classify(
            [
                _Part(*line[:2], part)
                for line, lattice in zip(lines, lattices, strict=True)
                for part in lattice.parts[len(line[2]) :]
            ]
        )
    )
    hypotheses: list[list[Hypothesis]] = [[] for _ in proposals]
    for (number, _, line), of_line, lattice in zip(lines, of_lines, lattices, strict=True):
        parts = of_line + [next(extra) for _ in lattice.parts[len(line) :]]
        top2 = np.array([part.top2_probability for part in parts])
        selected = lattice.select(top2, params.oversegmentation)
        hypotheses[number - first_number] += [parts[i] for i in selected]
    return hypotheses


def _build_lattices(lines: Sequence[Sequence[Hypothesis]], params: HypothesisParams) -> list[Lattice]:
    """Return the lattice of each line; the first lines are cut and merged where all together have too many parts."""
    lattices, left = [], params.max_parts
    for line in lines:
        limit = min(params.oversegmentation.max_parts, left)
        lattices.append(
            build_lattice(
                [h.region for h in line],
                [h.top2_probability for h in line],
                replace(params.oversegmentation, max_parts=limit),
            )
        )
        left -= len(lattices[-1].parts) - len(line)
    return lattices


class _Part(NamedTuple):
    """A region of a proposal that is to be classified."""

    proposal: int
    intensity: Float32[np.ndarray, "h w"]
    region: Region


def _find_lines(
    proposal: Proposal, ink: Float32[np.ndarray, "h w"] | None, params: HypothesisParams
) -> list[list[Region]]:
    """Return the regions of each line of a proposal; none of a texture."""
    regions = proposal.regions
    if regions is None:
        regions = find_digits(proposal.foreground, params.segmentation, proposal.clean)
    regions = [region for region in regions if region.height >= params.min_height]
    if ink is not None:
        regions = [region for region in regions if mean_over(region, ink) >= params.min_seen]
    return group_into_lines(regions, params.segmentation) if len(regions) <= params.max_regions else []


def mean_over(region: Region, values: Float32[np.ndarray, "h w"]) -> float:
    """Return the mean of a map over the strokes of a region.

    Args:
        region: in the coordinates of the map.
        values: the map.
    """
    return float(values[window(region)][region.mask].mean())


def _find_same(region: Region, known: Sequence[Hypothesis], params: HypothesisParams) -> Hypothesis | None:
    """Return the known digit that a region shows, with strokes as thick or thicker or thinner, if there is one."""
    for hypothesis in known:
        other = hypothesis.region
        distance = max(abs(a - b) for a, b in zip(region.corners, other.corners, strict=True))
        if distance > params.same_distance * other.size + 1:
            continue
        common = shared_pixels(region, other)
        if common >= params.same_share * min(region.area, other.area):
            return hypothesis
    return None


def shared_pixels(a: Region, b: Region) -> int:
    """Return the number of pixels that two regions have in common.

    Args:
        a: a region.
        b: another one of the same picture.
    """
    x0, y0, x1, y1 = max(a.x0, b.x0), max(a.y0, b.y0), min(a.x1, b.x1), min(a.y1, b.y1)
    if x0 >= x1 or y0 >= y1:
        return 0
    in_a = a.mask[y0 - a.y0 : y1 - a.y0, x0 - a.x0 : x1 - a.x0]
    return int((in_a & b.mask[y0 - b.y0 : y1 - b.y0, x0 - b.x0 : x1 - b.x0]).sum())


def covered_by(hypotheses: Sequence[Hypothesis], shape: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """Return where the strokes of hypotheses are.

    Args:
        hypotheses: of a picture.
        shape: height and width of the picture.
    """
    mask = np.zeros(shape, bool)
    for hypothesis in hypotheses:
        mask[window(hypothesis.region)] |= hypothesis.region.mask
    return mask


def window(region: Region) -> tuple[slice, slice]:
    """Return the rows and the columns of a region's box."""
    return slice(region.y0, region.y1), slice(region.x0, region.x1)
