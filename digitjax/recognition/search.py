"""The search for the best reading of a picture: a sure first reading ends it, otherwise other proposals are tried."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from digitjax.imaging.binarize import Contrast, binarize, estimate_contrast, is_dark_on_light, threshold
from digitjax.imaging.proposals import Proposal, ProposalParams, find_contrast, propose_foregrounds
from digitjax.imaging.segmentation import Region, SegmentationParams, group_into_lines, remove_low
from digitjax.recognition.acceptance import AcceptanceParams, accept, explained_share, explains_picture
from digitjax.recognition.crop_classifier import CropClassifier, Probabilities
from digitjax.recognition.hypotheses import (
    Hypothesis,
    HypothesisParams,
    classify_proposals,
    covered_by,
    window,
)
from digitjax.recognition.ink_proposals import propose_regions, resize
from digitjax.recognition.selection import Selected, SelectionParams, select, show_same_digits
from digitjax.recognition.words import WordParams, are_letters


@dataclass(frozen=True)
class SearchParams:
    """Parameters of `search`."""

    proposals: ProposalParams = field(default_factory=ProposalParams)
    """Picture to foregrounds."""
    hypotheses: HypothesisParams = field(default_factory=HypothesisParams)
    """Foregrounds to classified digits."""
    selection: SelectionParams = field(default_factory=SelectionParams)
    """The choice among them."""
    acceptance: AcceptanceParams = field(default_factory=AcceptanceParams)
    """Which of the chosen digits are part of the text."""
    words: WordParams = field(default_factory=WordParams)
    """Which of those are letters."""
    convincing_evidence: float = 1.5
    """Mean evidence of a reading, in nats, from which the other polarity is not tried."""
    reduced_height: int = 48
    """Height of the digits, in pixels, to which a picture is reduced before more proposals are made."""
    max_pixels: int = 4_000_000
    """Pixels to which a picture without plausible digits is reduced for them."""
    sufficient_agreement: float = 0.75
    """Share of the proposals that read each digit alike from which no more are made, if they are sure or many."""
    many_proposals: int = 5
    """Number of proposals whose agreement ends the search, even if their digits are not sure."""
    min_side_of_network: int = 24
    """Longer side, in pixels, below which the ink network is not asked, as it knows no strokes of a pixel."""
    batch: int = 4
    """Proposals that are classified at once."""
    max_crops: int = 1000
    """Number of crops that were classified from which no more proposals are made."""
    max_implausible_crops: int = 300
    """The same where none of them is a plausible digit, as in textures and noise."""
    max_crop_pixels: int = 10_000_000
    """Number of their pixels from which the picture is taken for a texture, and nothing is read."""


class Found(NamedTuple):
    """What the search found, in the coordinates of the picture after reduction."""

    digits: list[Hypothesis]
    """The digits of the best reading; their regions are in reading order and know their lines."""
    rejected: list[Hypothesis]
    """Letters among them, and hypotheses of the first proposal where the best reading has no digit."""
    intensity: Float32[np.ndarray, "h w"]
    """Foreground intensity: that of the proposal that each digit is of, elsewhere that of the first proposal."""
    proposals: tuple[str, ...]
    """Names of the proposals that were tried."""
    ink: Float32[np.ndarray, "h w"] | None = None
    """Probability that a pixel is a stroke of a digit; None if the network was not asked, or sees no digit."""
    reduction: int = 1
    """By how much the picture was reduced."""


class _Reading(NamedTuple):
    """The best reading of one polarity."""

    digits: list[Hypothesis]
    evidence: float
    """Mean evidence of the digits in nats, by their area."""
    proposals: list[Proposal]
    hypotheses: list[list[Hypothesis]]
    """Those of each proposal."""


def search(
    pixels: UInt8[np.ndarray, "h w 3"],
    probabilities: Probabilities,
    reject_threshold: float,
    params: SearchParams = SearchParams(),
) -> Found:
    """Find the digits of a picture.

    Args:
        pixels: the picture in RGB.
        probabilities: the classifier.
        reject_threshold: top-2 probability below which something is not a digit.
        params: parameters of the search.

    Returns:
        The digits and how they were found.
    """
    params = _adapt(params, reject_threshold)
    contrast = estimate_contrast(pixels, params=params.proposals.binarize)
    first = Proposal("first", threshold(contrast, params.proposals.binarize))
    classifier = CropClassifier(probabilities, params.hypotheses.normalize)
    [hypotheses] = classify_proposals([first], 0, classifier, None, params.hypotheses)
    if contrast.full and explains_picture(hypotheses, contrast, None, params.acceptance):
        return Found(hypotheses, [], first.foreground.intensity, (first.name,))
    reduction = _choose_reduction(pixels, hypotheses, params)
    if reduction > 1:
        pixels = np.asarray(Image.fromarray(pixels).reduce(reduction))
        first = Proposal("first", binarize(pixels, params.proposals.binarize))
    further = _Search(pixels, first, classifier, reject_threshold, params)
    reading, intensity = further.run()
    covered = covered_by(reading.digits, intensity.shape)
    others = reading.hypotheses[0] if reading.hypotheses else []
    rejected = [h for h in others if not covered[window(h.region)][h.region.mask].any()]
    is_letter = are_letters(reading.digits, rejected, params.words)
    digits = [h for h, letter in zip(reading.digits, is_letter, strict=True) if not letter]
    letters = [h for h, letter in zip(reading.digits, is_letter, strict=True) if letter]
    names = tuple(proposal.name for proposal in reading.proposals)
    return Found(digits, letters + rejected, intensity, names, further.ink, reduction)


class _Search:
    """The search in one picture whose first reading is not sure."""

    def __init__(
        self,
        pixels: UInt8[np.ndarray, "h w 3"],
        first: Proposal,
        classifier: CropClassifier,
        reject_threshold: float,
        params: SearchParams,
    ):
        self._pixels = pixels
        self._first = first
        self._dark = is_dark_on_light(pixels, params.proposals.binarize)
        self._classifier = classifier
        self._reject_threshold = reject_threshold
        self._params = params
        is_tiny = max(pixels.shape[:2]) < params.min_side_of_network
        self.ink, self._learned = (None, []) if is_tiny else _propose_learned(pixels)

    def run(self) -> tuple[_Reading, Float32[np.ndarray, "h w"]]:
        """Return the best reading, and the foreground intensity that it was read from."""
        contrasts = {
            dark: find_contrast(self._pixels, dark, self._params.proposals) for dark in (True, False)
        }
        readings = []
        for dark in sorted(contrasts, key=lambda dark: -self._strength(dark, contrasts[dark])):
            if contrasts[dark].full and self._classifier.pixels <= self._params.max_crop_pixels:
                readings.append(self._read(dark, contrasts[dark]))
                if readings[-1].evidence > self._params.convincing_evidence:
                    break
        readings.append(_Reading([], -np.inf, [], []))
        best = max(readings, key=lambda r: (r.evidence > self._params.convincing_evidence, bool(r.digits)))
        intensity = self._first.foreground.intensity.copy()
        for digit in best.digits:
            _copy_strokes(intensity, best.proposals[digit.proposal].foreground.intensity, digit.region)
        return best, intensity

    def _strength(self, dark: bool, contrast: Contrast) -> float:
        """Return how likely a polarity is, for their order: the contrast of what the network sees."""
        if self.ink is None:
            return float(dark == self._dark)
        return float((self.ink * contrast.values).sum())

    def _read(self, dark: bool, contrast: Contrast) -> _Reading:
        """Return the best reading of one polarity.

        More proposals are made until most read its digits alike, or until a batch of them changes none.
        """
        params = self._params
        proposals = [self._first] if dark == self._dark else []
        hypotheses = classify_proposals(
            proposals, 0, self._classifier, self._reject_threshold, params.hypotheses
        )
        known = [
            h
            for group in hypotheses
            for h in group
            if h.top2_probability >= params.acceptance.sure_probability
        ]
        stream = chain(
            self._learned,
            [proposal._replace(name="first, uncleaned", clean=False) for proposal in proposals],
            propose_foregrounds(self._pixels, dark, contrast, params.proposals)
            if self._is_worthwhile()
            else [],
        )
        digits: list[Hypothesis] = []
        selected: list[Selected] = []
        while batch := list(islice(stream, params.batch)):
            hypotheses += classify_proposals(
                batch,
                len(proposals),
                self._classifier,
                self._reject_threshold,
                params.hypotheses,
                known,
                self.ink,
            )
            proposals += batch
            before, selected = selected, self._select(hypotheses, contrast)
            digits = [s.hypothesis for s in selected]
            is_agreed = min((s.agreement for s in selected), default=0) >= params.sufficient_agreement
            is_stable = show_same_digits(before, selected, params.selection)
            acceptance = params.acceptance
            if len(proposals) >= params.many_proposals:
                acceptance = replace(acceptance, sure_probability=0.0)
            if (is_agreed or is_stable) and explains_picture(digits, contrast, self.ink, acceptance):
                break
            is_plausible = any(
                h.top2_probability >= params.selection.min_probability for group in hypotheses for h in group
            )
            max_crops = params.max_crops if is_plausible else params.max_implausible_crops
            if self._classifier.count > max_crops:
                break
            if self._classifier.pixels > params.max_crop_pixels:
                return _Reading([], -np.inf, proposals, hypotheses)
        areas = [s.region.area for s in selected]
        evidence = float(np.average([s.evidence for s in selected], weights=areas)) if selected else -np.inf
        return _Reading(_order(digits, params.hypotheses.segmentation), evidence, proposals, hypotheses)

    def _is_worthwhile(self) -> bool:
        """Whether there may be digits at all: the network misses them in tiny pictures only."""
        return self.ink is not None or max(self._pixels.shape[:2]) < self._params.acceptance.tiny_side

    def _select(self, hypotheses: list[list[Hypothesis]], contrast: Contrast) -> list[Selected]:
        """Return the digits that are accepted."""
        selected = select(hypotheses, contrast, self.ink, self._params.selection)
        params = self._params.acceptance
        accepted = accept(selected, contrast, self._reject_threshold, params)
        if self.ink is not None and explained_share(accepted, self.ink, params) < params.min_explained:
            return []
        return accepted


def _adapt(params: SearchParams, reject_threshold: float) -> SearchParams:
    """Return parameters that fit a threshold: what just passes it is plausible and neutral, what is sure passes it."""
    selection = replace(
        params.selection,
        neutral_probability=min(params.selection.neutral_probability, reject_threshold),
        min_probability=min(params.selection.min_probability, reject_threshold),
    )
    sure = max(params.acceptance.sure_probability, reject_threshold)
    return replace(params, selection=selection, acceptance=replace(params.acceptance, sure_probability=sure))


def _propose_learned(
    pixels: UInt8[np.ndarray, "h w 3"],
) -> tuple[Float32[np.ndarray, "h w"] | None, list[Proposal]]:
    """Return where the ink network sees strokes, and its proposals: the foreground, and the digits of its votes."""
    from digitjax.model import ink_model  # only here, as a sure first reading does not need it

    prediction = ink_model.load().predict(pixels)
    seen = propose_regions(pixels, prediction)
    if seen is None:
        return None, []
    foreground, regions = seen
    return resize(prediction.probability, pixels.shape), [
        Proposal("ink network", foreground, clean=False),
        Proposal("ink network, votes", foreground, regions=regions),
    ]


def _order(hypotheses: list[Hypothesis], params: SegmentationParams) -> list[Hypothesis]:
    """Return digits in reading order, with their lines, without those that are too low."""
    by_region = {id(h.region): h for h in hypotheses}
    regions = remove_low([h.region for h in hypotheses], params)
    return [
        replace(by_region[id(region)], region=replace(region, line=number))
        for number, line in enumerate(group_into_lines(regions, params))
        for region in line
    ]


def _choose_reduction(
    pixels: UInt8[np.ndarray, "h w 3"], hypotheses: Sequence[Hypothesis], params: SearchParams
) -> int:
    """Return the factor by which a picture is reduced before more proposals are made."""
    heights = [h.region.height for h in hypotheses if h.top2_probability >= params.selection.min_probability]
    if not heights:
        return max(1, round((pixels.shape[0] * pixels.shape[1] / params.max_pixels) ** 0.5))
    return max(1, int(min(np.median(heights), 2 * min(heights)) / params.reduced_height))


def _copy_strokes(
    target: Float32[np.ndarray, "h w"], source: Float32[np.ndarray, "h w"], region: Region
) -> None:
    """Copy the strokes of a digit, with their soft edges, from one intensity to another."""
    y0, x0 = max(region.y0 - 1, 0), max(region.x0 - 1, 0)
    box = slice(y0, region.y1 + 1), slice(x0, region.x1 + 1)
    near = region.dilate()
    near = near[y0 - region.y0 + 1 :, x0 - region.x0 + 1 :][: target[box].shape[0], : target[box].shape[1]]
    np.copyto(target[box], source[box], where=near)
