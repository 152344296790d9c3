"""Each place of a picture takes the proposal whose digits explain it with most evidence."""

import numpy as np
import pytest

from digitjax.imaging.binarize import Contrast
from digitjax.imaging.segmentation import Region
from digitjax.recognition.hypotheses import Hypothesis
from digitjax.recognition.selection import Selected, SelectionParams, select, show_same_digits

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
    assert selected[3].seen > 0.9
    assert selected[1].evidence <= 0
    assert selected[1].seen < 0.1


def test_a_digit_of_unusual_height_has_less_evidence():
    group = [hypothesis(3, 0.999), hypothesis(4, 0.999, x0=40), hypothesis(1, 0.999, x0=80, height=14)]
    evidence = {s.hypothesis.label: s.evidence for s in select([group], contrast_of(*group))}
    assert evidence[3] == evidence[4] > evidence[1] + 1


def test_selections_show_the_same_digits_where_labels_and_places_are_alike():
    def show_same(*groups: list[Hypothesis]) -> bool:
        a, b = (select([group], contrast_of(*group)) for group in groups)
        return show_same_digits(a, b, SelectionParams())

    three, five = hypothesis(3, 0.99), hypothesis(5, 0.99, x0=60)
    assert show_same([three, five], [five, hypothesis(3, 0.97, x0=12)])
    assert not show_same([three, five], [three])
    assert not show_same([three], [hypothesis(8, 0.99)])
    assert not show_same([three], [hypothesis(3, 0.99, x0=40)])
    assert show_same([], [])
