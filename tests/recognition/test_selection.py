"""Each place of a picture takes the proposal whose digits explain it with most evidence."""

import numpy as np
import pytest

from digitjax.imaging.binarize import Contrast
from digitjax.imaging.segmentation import Region
from digitjax.recognition.hypotheses import Hypothesis
from digitjax.recognition.selection import Selected, accept, explained_share, explains_picture, select

SHAPE = (60, 120)


def hypothesis(
    label: int, top2_probability: float, proposal: int = 0, x0: int = 10, y0: int = 10, height: int = 40
) -> Hypothesis:
    """A digit that fills its box, 20 pixels wide."""
    probabilities = np.full(10, (1 - top2_probability) / 8, np.float32)
    probabilities[label] = top2_probability - 0.01
    probabilities[label - 1] = 0.01
    region = Region(x0, y0, x0 + 20, y0 + height, 0, np.ones((height, 20), bool))
    return Hypothesis(proposal, region, np.zeros((28, 28), np.uint8), probabilities)


def contrast_of(*hypotheses: Hypothesis, level: float = 1.0) -> Contrast:
    values = np.zeros(SHAPE, np.float32)
    for h in hypotheses:
        values[h.region.y0 : h.region.y1, h.region.x0 : h.region.x1] = level
    return Contrast(values, uniform_background=True, noise=0.03, full=1.0)


def labels(selected: list[Selected]) -> list[int]:
    return [s.hypothesis.label for s in sorted(selected, key=lambda s: s.region.x0)]


def test_of_two_digits_at_one_place_the_surer_one_is_selected():
    three, eight = hypothesis(3, 0.9, 0), hypothesis(8, 0.999, 1)
    assert labels(select([[three], [eight]], contrast_of(three))) == [8]


def test_what_more_proposals_read_alike_is_selected():
    groups = [[hypothesis(3, 0.99, 0)], [hypothesis(8, 0.99, 1)], [hypothesis(8, 0.99, 2)]]
    groups += [[hypothesis(8, 0.99, 3)]]
    [selected] = select(groups, contrast_of(groups[0][0]))
    assert selected.hypothesis.label == 8
    assert selected.agreement == pytest.approx(0.75)
    assert selected.support == 1


def test_the_digit_that_explains_more_strokes_is_selected():
    part, whole = hypothesis(1, 0.995, 1, height=15), hypothesis(9, 0.995, 2)
    assert labels(select([[], [part], [whole]], contrast_of(whole))) == [9]


def test_places_are_independent():
    groups = [
        [hypothesis(1, 0.999, 0), hypothesis(2, 0.81, 0, x0=60)],
        [hypothesis(7, 0.81, 1), hypothesis(5, 0.999, 1, x0=60)],
    ]
    assert labels(select(groups, contrast_of(*groups[0]))) == [1, 5]


def test_implausible_and_invisible_digits_are_not_selected():
    unsure, faint = hypothesis(4, 0.6), hypothesis(4, 0.999, x0=60)
    assert select([[unsure]], contrast_of(unsure)) == []
    assert select([[faint]], contrast_of(faint, level=0.01)) == []


def test_what_the_network_does_not_see_has_no_evidence():
    seen, unseen = hypothesis(3, 0.999), hypothesis(1, 0.999, x0=60)
    ink = np.zeros(SHAPE, np.float32)
    ink[:, :40] = 1
    selected = {s.hypothesis.label: s for s in select([[seen, unseen]], contrast_of(seen, unseen), ink)}
    assert selected[3].evidence > 2.5
    assert selected[3].fits
    assert selected[1].evidence <= 0
    assert not selected[1].fits


def test_a_digit_of_unusual_height_has_less_evidence():
    group = [hypothesis(3, 0.999), hypothesis(4, 0.999, x0=40), hypothesis(1, 0.999, x0=80, height=14)]
    evidence = {s.hypothesis.label: s.evidence for s in select([group], contrast_of(*group))}
    assert evidence[3] == evidence[4] > evidence[1] + 1


def test_a_reading_is_sure_only_if_every_digit_is_and_nothing_is_left():
    left, right = hypothesis(3, 0.999), hypothesis(4, 0.999, x0=60)
    contrast = contrast_of(left, right)
    assert explains_picture([left, right], contrast)
    assert not explains_picture([left], contrast)
    assert not explains_picture([], contrast)
    assert not explains_picture([left, hypothesis(4, 0.9, x0=60)], contrast)


def test_what_the_network_does_not_see_needs_no_explanation():
    left, right = hypothesis(3, 0.999), hypothesis(4, 0.999, x0=60)
    ink = np.zeros(SHAPE, np.float32)
    ink[:, :40] = 1
    assert explains_picture([left], contrast_of(left, right), ink)


def selected(
    h: Hypothesis, agreement: float, contrast: float = 0.8, seen: float | None = None, evidence: float = 3.0
) -> Selected:
    return Selected(h, evidence, agreement, agreement, contrast, seen, fits=seen is not None and seen > 0.5)


def test_without_the_network_faint_disputed_and_edge_digits_are_rejected():
    good = [selected(hypothesis(3, 0.999, x0=x), 1.0) for x in (20, 50)]
    faint = selected(hypothesis(1, 0.999, x0=80), 0.5, contrast=0.1)
    disputed = selected(hypothesis(1, 0.999, x0=80), 0.4)
    unsure = selected(hypothesis(1, 0.9, x0=80), 1.0)
    assert accept([*good, faint, disputed, unsure], SHAPE, 0.95) == good
    assert accept([], SHAPE, 0.95) == []


def test_with_the_network_a_digit_needs_evidence_and_fits_to_sure_ones_otherwise():
    sure = [selected(hypothesis(3, 0.999, x0=x), 0.5, seen=0.8) for x in (10, 40)]
    unsure = selected(hypothesis(5, 0.9, x0=70), 0.1, seen=0.8, evidence=-0.5)
    unseen = selected(hypothesis(1, 0.999, x0=95), 0.5, seen=0.1)
    assert accept([*sure, unsure, unseen], SHAPE, 0.95) == [*sure, unsure]
    assert accept([sure[0], unsure], SHAPE, 0.95) == [sure[0]]
    weak = selected(hypothesis(8, 0.96), 0.07, seen=0.7, evidence=0.2)
    assert accept([weak], SHAPE, 0.95) == []


def test_the_share_of_the_strokes_that_is_explained():
    left, right = hypothesis(3, 0.999), hypothesis(4, 0.999, x0=60)
    ink = contrast_of(left, right).values
    assert explained_share([selected(left, 1.0)], ink) == pytest.approx(0.5, abs=0.02)
    assert explained_share([selected(left, 1.0), selected(right, 1.0)], ink) == 1
