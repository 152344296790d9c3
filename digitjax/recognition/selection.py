"""Selection among hypotheses: every place of a picture takes the proposal whose digits explain it with most evidence.

Hypotheses of different proposals that share strokes compete. In each such cluster the proposal wins whose digits are
surest, explain most of the strokes, and are read alike in other proposals.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from digitjax.imaging.binarize import Contrast
from digitjax.imaging.segmentation import Region
from digitjax.recognition.hypotheses import Hypothesis, covered_by, mean_over, shared_pixels, window


@dataclass(frozen=True)
class SelectionParams:
    """Parameters of `select`.

    Chosen on the development pictures of people's handwriting and on generated pages. Contrasts are shares of that of a
    full stroke, evidence is in nats.
    """

    min_probability: float = 0.8
    """Top-2 probability from which a hypothesis takes part."""
    neutral_probability: float = 0.95
    """Top-2 probability that speaks neither for a hypothesis nor against it."""
    max_evidence: float = 3.0
    """Bound of the evidence of a digit."""
    agreement: float = 2.0
    """Evidence for a digit that all proposals read alike."""
    first_proposal: float = 0.25
    """Evidence for the first proposal, whose parameters were chosen with most care."""
    same_place: float = 0.15
    """Distance of the edges of two boxes, over their size, up to which both may show the same digit."""
    digit_penalty: float = 0.1
    """Evidence that each digit costs."""
    min_overlap: float = 0.2
    """Share of the smaller region's strokes from which two regions compete."""
    min_stroke_contrast: float = 0.12
    """Contrast from which a pixel is a stroke that a reading has to explain."""
    unseen_share: float = 0.5
    """Weight of strokes that the ink network does not see, over that of those that it sees."""
    max_unseen_penalty: float = 3.0
    """Largest penalty of a digit that the ink network does not see."""
    height_tolerance: float = 0.25
    """Natural logarithm of the ratio of a digit's height to the usual one up to which it has no penalty."""
    height_std: float = 0.25
    """Standard deviation of that logarithm beyond it."""
    max_height_penalty: float = 2.0
    """Largest penalty of a digit of unusual height."""
    min_contrast: float = 0.02
    """Mean contrast of a digit's strokes, of black on white."""


@dataclass(frozen=True)
class Selected:
    """A hypothesis that was selected, and what speaks for it."""

    hypothesis: Hypothesis
    evidence: float
    """Evidence that it is a digit, in nats."""
    support: float
    """Share of the proposals that show a digit here."""
    agreement: float
    """Share of the proposals that read the same here."""
    contrast: float
    """Mean contrast of its strokes, of black on white."""
    seen: float | None
    """Mean stroke probability, as the ink network sees it; None if it sees no digit in the picture."""
    has_usual_height: bool
    """Whether it is about as high as the others."""

    @property
    def region(self) -> Region:
        """Where it is."""
        return self.hypothesis.region


def select(
    hypotheses: Sequence[Sequence[Hypothesis]],
    contrast: Contrast,
    ink: Float32[np.ndarray, "h w"] | None = None,
    params: SelectionParams = SelectionParams(),
) -> list[Selected]:
    """Select the digits of a picture.

    Args:
        hypotheses: those of each proposal; the first proposal has an advantage.
        contrast: of the picture.
        ink: probability that a pixel is a stroke of a digit; None if it is not known.
        params: parameters of the selection.

    Returns:
        Digits of which no two share their strokes, in no order.
    """
    plausible = [h for group in hypotheses for h in group if h.top2_probability >= params.min_probability]
    strokes = np.minimum(contrast.values, contrast.full)
    strokes = np.where(contrast.values > params.min_stroke_contrast * contrast.full, strokes, 0)
    if ink is not None:
        strokes = strokes * (params.unseen_share + (1 - params.unseen_share) * ink)
    unseen = {id(h): _unseen_penalty(h, ink, params) for h in plausible}
    evidence = {id(h): _evidence(h, params) - unseen[id(h)] for h in plausible}
    misfit = dict.fromkeys(evidence, 0.0)
    clusters = [
        _Cluster(group, strokes, len(hypotheses), evidence, params)
        for group in _find_clusters(plausible, params)
    ]
    first = [h for cluster in clusters for h in cluster.hypotheses[cluster.best()]]
    if first:
        weights = [max(evidence[id(h)] + params.max_evidence, 0.01) for h in first]
        usual = _weighted_median([float(h.region.height) for h in first], weights)
        misfit = {id(h): _height_penalty(h.region.height / usual, params) for h in plausible}
        for h in plausible:
            evidence[id(h)] -= misfit[id(h)]
    selected = []
    for cluster in clusters:
        best = cluster.best()
        selected += [
            Selected(
                h,
                evidence[id(h)],
                len(cluster.hypotheses) / len(hypotheses),
                cluster.agreement[id(h)],
                mean_over(h.region, contrast.values),
                None if ink is None else mean_over(h.region, ink),
                misfit[id(h)] == 0,
            )
            for h in cluster.hypotheses[best]
        ]
    return [s for s in selected if s.contrast > params.min_contrast]


def show_same_digits(a: Sequence[Selected], b: Sequence[Selected], params: SelectionParams) -> bool:
    """Return whether two selections show the same digits at the same places.

    Args:
        a: the digits of a picture.
        b: those of another selection.
        params: parameters of the selection.
    """

    def is_in(digit: Selected, others: Sequence[Selected]) -> bool:
        tolerance = params.same_place * digit.region.size + 1
        return any(
            digit.hypothesis.label == other.hypothesis.label
            and max(abs(i - j) for i, j in zip(digit.region.corners, other.region.corners, strict=True))
            <= tolerance
            for other in others
        )

    return len(a) == len(b) and all(is_in(digit, b) for digit in a)


class _Cluster:
    """Hypotheses that are connected by shared strokes."""

    def __init__(
        self,
        members: Sequence[Hypothesis],
        strokes: Float32[np.ndarray, "h w"],
        proposals: int,
        evidence: dict[int, float],
        params: SelectionParams,
    ):
        self.hypotheses: dict[int, list[Hypothesis]] = defaultdict(list)
        """Those of each proposal."""
        for hypothesis in members:
            self.hypotheses[hypothesis.proposal].append(hypothesis)
        total = max(float(strokes[covered_by(members, strokes.shape)].sum()), 1e-6)
        self._shares = {id(h): float(strokes[window(h.region)][h.region.mask].sum()) / total for h in members}
        self.agreement = dict(zip(map(id, members), _agreements(members, proposals, params), strict=True))
        """Share of the proposals that show the same digit at the same place."""
        self._evidence = evidence
        self._params = params

    def best(self) -> int:
        """Return the number of the best proposal."""

        def score(number: int) -> float:
            digits = self.hypotheses[number]
            return (
                sum(
                    self._shares[id(h)]
                    * (self._evidence[id(h)] + self._params.agreement * self.agreement[id(h)])
                    for h in digits
                )
                + self._params.first_proposal * (number == 0)
                - self._params.digit_penalty * len(digits)
            )

        return max(self.hypotheses, key=score)


def _agreements(members: Sequence[Hypothesis], proposals: int, params: SelectionParams) -> list[float]:
    """Return for each hypothesis the share of the proposals that show the same digit at the same place."""
    corners = np.array([h.region.corners for h in members])
    labels = np.array([h.label for h in members])
    tolerances = np.array([params.same_place * h.region.size + 1 for h in members])
    distances = np.abs(corners[:, None] - corners).max(axis=2)
    alike = (labels[:, None] == labels) & (distances <= tolerances[:, None])
    shown = np.zeros((len(members), proposals), int)
    shown[np.arange(len(members)), [h.proposal for h in members]] = 1
    return ((alike.astype(int) @ shown > 0).sum(axis=1) / proposals).tolist()


def _find_clusters(hypotheses: Sequence[Hypothesis], params: SelectionParams) -> list[list[Hypothesis]]:
    """Return the groups of hypotheses that are connected by shared strokes."""
    parents = list(range(len(hypotheses)))

    def root(i: int) -> int:
        while parents[i] != i:
            parents[i] = parents[parents[i]]
            i = parents[i]
        return i

    def compete(a: Region, b: Region) -> bool:
        return a.y0 < b.y1 and b.y0 < a.y1 and shared_pixels(a, b) > params.min_overlap * min(a.area, b.area)

    open_ones: list[int] = []
    for i in sorted(range(len(hypotheses)), key=lambda i: hypotheses[i].region.x0):
        region = hypotheses[i].region
        open_ones = [j for j in open_ones if hypotheses[j].region.x1 > region.x0]
        for j in open_ones:
            if root(i) != root(j) and compete(region, hypotheses[j].region):
                parents[root(i)] = root(j)
        open_ones.append(i)
    clusters = defaultdict(list)
    for i, hypothesis in enumerate(hypotheses):
        clusters[root(i)].append(hypothesis)
    return list(clusters.values())


def _evidence(hypothesis: Hypothesis, params: SelectionParams) -> float:
    """Return the log-odds of a digit beside those of a neutral one, within bounds."""
    log_odds = _logit(min(hypothesis.top2_probability, 0.9999)) - _logit(params.neutral_probability)
    return float(np.clip(log_odds, -params.max_evidence, params.max_evidence))


def _unseen_penalty(
    hypothesis: Hypothesis, ink: Float32[np.ndarray, "h w"] | None, params: SelectionParams
) -> float:
    """Return the log-odds against its strokes where the ink network sees few of them."""
    if ink is None:
        return 0.0
    seen = float(np.clip(mean_over(hypothesis.region, ink), 1e-3, 0.5))
    return min(-_logit(seen), params.max_unseen_penalty)


def _logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def _height_penalty(ratio: float, params: SelectionParams) -> float:
    """Return the penalty of a digit whose height is this ratio of the usual one."""
    deviation = max(abs(float(np.log(ratio))) - params.height_tolerance, 0) / params.height_std
    return min(deviation**2 / 2, params.max_height_penalty)


def _weighted_median(values: Sequence[float], weights: Sequence[float]) -> float:
    order = np.argsort(values)
    totals = np.cumsum(np.array(weights)[order])
    return float(values[order[np.searchsorted(totals, totals[-1] / 2)]])
