"""Acceptance: whether a reading explains its picture, and which of the selected digits are part of the text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from scipy import ndimage

from digitjax.imaging.binarize import Contrast
from digitjax.recognition.hypotheses import Hypothesis, covered_by, mean_over
from digitjax.recognition.selection import Selected

_EIGHT_NEIGHBORS = np.ones((3, 3), bool)


@dataclass(frozen=True)
class AcceptanceParams:
    """Parameters of `explains_picture` and `accept`.

    Chosen on the development pictures of people's handwriting and on generated pages. Contrasts are shares of that of a
    full stroke, evidence is in nats.
    """

    unsupported_contrast: float = 0.6
    """Contrast over the digits' median that a digit needs which no other proposal shows."""
    support_discount: float = 0.4
    """By how much less contrast is enough where all proposals show it."""
    unseen_agreement: float = 0.5
    """Share of the proposals that must read a digit alike in a picture where the ink network sees none."""
    tiny_side: int = 64
    """Longer side, in pixels, below which a picture may show digits that the ink network does not see."""
    unseen_contrast: float = 2.5
    """Contrast over that of noise which such a digit needs in a larger picture."""
    unseen_evidence: float = 2.5
    """Evidence that it needs there."""
    min_seen: float = 0.4
    """Mean stroke probability, as the ink network sees it, of a digit."""
    accepted_agreement: float = 4.0
    """Evidence for a digit on which all proposals agree, where it is accepted or rejected."""
    accepted_evidence: float = 2.5
    """Evidence, that of agreement added, of a digit that is accepted by itself."""
    context: int = 2
    """Number of such digits from which others of usual height are accepted."""
    context_seen: float = 0.5
    """Mean stroke probability of an unsure digit that is accepted beside them."""
    context_agreement: float = 0.6
    """Share of the proposals that must read a sure digit alike which the ink network does not see."""
    context_contrast: float = 0.8
    """Its contrast, over the median of theirs."""
    min_explained: float = 0.5
    """Share of the strokes that the ink network sees which the digits explain in a reading that is accepted."""
    min_border_support: float = 0.4
    """Share of the proposals that must show a digit that touches the border, as edges of pages look like 1s."""
    border: int = 1
    """Width of that border, in pixels."""
    sure_contrast: float = 0.5
    """Contrast over the digits' median that each digit of a sure reading has."""
    sure_probability: float = 0.985
    """Top-2 probability of every digit from which the first reading ends the search."""
    unexplained_contrast: float = 0.3
    """Contrast from which something that no digit covers is unexplained."""
    unexplained_size: float = 0.3
    """Size of something unexplained that continues the search, over the digits' median."""
    unexplained_area: float = 0.08
    """Its area, over the digits' median."""
    explained_side: int = 32
    """Size of the digits, in pixels, that suffices to see whether something is unexplained."""
    near: int = 5
    """Side of the window around a digit's strokes that belongs to them, in pixels."""


def explains_picture(
    hypotheses: Sequence[Hypothesis],
    contrast: Contrast,
    ink: Float32[np.ndarray, "h w"] | None = None,
    params: AcceptanceParams = AcceptanceParams(),
) -> bool:
    """Decide whether a reading is sure, and leaves nothing that could be a digit.

    Args:
        hypotheses: the digits of the reading.
        contrast: of the picture.
        ink: probability that a pixel is a stroke of a digit; None if it is not known.
        params: parameters of the acceptance.

    Returns:
        True if no other proposal is needed.
    """
    if not hypotheses or min(h.top2_probability for h in hypotheses) < params.sure_probability:
        return False
    contrasts = np.array([mean_over(h.region, contrast.values) for h in hypotheses])
    if contrasts.min() < params.sure_contrast * float(np.median(contrasts)):
        return False
    size = float(np.median([h.region.size for h in hypotheses]))
    step = max(1, int(size / params.explained_side))  # large digits can be seen in a sample of the pixels
    covered = covered_by(hypotheses, contrast.values.shape)[::step, ::step]
    explained = ndimage.maximum_filter(covered, params.near)
    strokes = (contrast.values if ink is None else contrast.values * ink)[::step, ::step]
    unexplained = (strokes > params.unexplained_contrast * contrast.full) & ~explained
    area = float(np.median([h.region.area for h in hypotheses]))
    min_area, min_size = params.unexplained_area * area / step**2, params.unexplained_size * size / step
    if unexplained.sum() <= min_area:
        return True
    labels, _ = ndimage.label(unexplained, _EIGHT_NEIGHBORS)
    areas = np.bincount(labels.ravel())[1:]
    boxes = ndimage.find_objects(labels)
    sizes = np.array([max(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in boxes])
    return not bool(((areas > min_area) & (sizes > min_size)).any())


def accept(
    selected: Sequence[Selected],
    contrast: Contrast,
    reject_threshold: float,
    params: AcceptanceParams = AcceptanceParams(),
) -> list[Selected]:
    """Keep the digits with enough evidence, and those that fit to them.

    Args:
        selected: the digits of a picture.
        contrast: of the picture.
        reject_threshold: top-2 probability that a digit needs which stands alone.
        params: parameters of the acceptance.

    Returns:
        The accepted ones, in the same order.
    """
    likely = [s for s in selected if s.hypothesis.top2_probability >= reject_threshold and s.evidence > 0]
    if any(s.seen is None for s in selected):
        agreed = [s for s in likely if s.agreement >= params.unseen_agreement]
        if max(contrast.values.shape) >= params.tiny_side:
            min_contrast = params.unseen_contrast * contrast.noise
            agreed = [
                s for s in agreed if s.contrast >= min_contrast and s.evidence >= params.unseen_evidence
            ]
        return _remove_unlikely(agreed, contrast.values.shape, params)
    sure = [
        s
        for s in likely
        if (s.seen or 0) >= params.min_seen
        and s.evidence + params.accepted_agreement * s.agreement >= params.accepted_evidence
    ]
    if len(sure) < params.context:
        return sure
    typical = float(np.median([s.contrast for s in sure]))

    def belongs(s: Selected) -> bool:
        """Whether a digit of usual height is seen by the network, or by the classifier in many proposals."""
        is_seen = (s.seen or 0) >= params.context_seen
        is_read = (
            s.hypothesis.top2_probability >= reject_threshold and s.agreement >= params.context_agreement
        )
        return is_seen or (is_read and s.contrast >= params.context_contrast * typical)

    return [s for s in selected if s in sure or (s.has_usual_height and belongs(s))]


def explained_share(
    selected: Sequence[Selected],
    ink: Float32[np.ndarray, "h w"],
    params: AcceptanceParams = AcceptanceParams(),
) -> float:
    """Return the share of the strokes that the ink network sees which digits explain.

    Args:
        selected: the digits of a picture.
        ink: probability that a pixel is a stroke of a digit.
        params: parameters of the acceptance.
    """
    explained = ndimage.maximum_filter(covered_by([s.hypothesis for s in selected], ink.shape), params.near)
    strokes = ink > 0.5
    return float((strokes & explained).sum() / max(1, strokes.sum()))


def _remove_unlikely(
    selected: Sequence[Selected], shape: tuple[int, int], params: AcceptanceParams
) -> list[Selected]:
    """Remove digits that are faint beside the others, and edges of the page that few proposals show."""
    if not selected:
        return []
    typical = float(np.median([s.contrast for s in selected]))
    strong = [
        s
        for s in selected
        if s.contrast >= (params.unsupported_contrast - params.support_discount * s.support) * typical
    ]
    height, width = shape

    def is_page_edge(s: Selected) -> bool:
        x0, y0, x1, y1 = s.region.corners
        inside = min(x0, y0, width - x1, height - y1) > params.border
        return not inside and s.support < params.min_border_support

    return [s for s in strong if not is_page_edge(s)] or strong
