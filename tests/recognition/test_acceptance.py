"""A reading is sure, or its digits are accepted one by one; a sure reading passes the threshold, whatever it is."""

import numpy as np
import pytest

from digitjax.imaging.binarize import Contrast
from digitjax.recognition import recognizer
from digitjax.recognition.acceptance import accept, explained_share, explains_picture
from digitjax.recognition.hypotheses import Hypothesis
from digitjax.recognition.selection import Selected
from tests.recognition.drawing import strokes
from tests.recognition.test_selection import SHAPE, contrast_of, hypothesis

PAPER = Contrast(np.zeros(SHAPE, np.float32), uniform_background=True, noise=0.05, full=1.0)


def test_no_digit_below_the_threshold_is_read():
    reader = recognizer.load()
    picture = np.where(strokes("2", height=60, pen=6), 0, 255).astype(np.uint8)
    [digit] = reader.read(picture).digits
    threshold = (digit.top2_probability + 1) / 2
    strict = recognizer.Recognizer(reader.classify, "strict", threshold, threshold)
    assert reader.read(picture).text == "2"
    assert all(d.rejected for d in strict.read(picture).digits if d.top2_probability < threshold)


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
    h: Hypothesis,
    agreement: float,
    contrast: float = 0.8,
    seen: float | None = None,
    evidence: float = 3.0,
    usual_height: bool = True,
) -> Selected:
    return Selected(h, evidence, agreement, agreement, contrast, seen, usual_height)


def test_without_the_network_faint_disputed_and_edge_digits_are_rejected():
    good = [selected(hypothesis(3, 0.999, x0=x), 1.0) for x in (20, 50)]
    faint = selected(hypothesis(1, 0.999, x0=80), 0.5, contrast=0.1)
    disputed = selected(hypothesis(1, 0.999, x0=80), 0.4)
    unsure = selected(hypothesis(1, 0.9, x0=80), 1.0)
    assert accept([*good, faint, disputed, unsure], PAPER, 0.95) == good
    assert accept([], PAPER, 0.95) == []


def test_what_the_network_does_not_see_is_rejected_where_it_is_unsure_or_as_faint_as_texture():
    clear = selected(hypothesis(3, 0.999, x0=20), 1.0)
    unsure = selected(hypothesis(3, 0.99, x0=20), 1.0, evidence=1.7)
    assert accept([clear], PAPER, 0.95) == [clear]
    assert accept([unsure], PAPER, 0.95) == []
    assert accept([clear], PAPER._replace(noise=0.4), 0.95) == []
    tiny = Contrast(np.zeros((40, 60), np.float32), uniform_background=True, noise=0.4, full=1.0)
    assert accept([unsure], tiny, 0.95) == [unsure]


def test_with_the_network_a_digit_needs_evidence_and_fits_to_sure_ones_otherwise():
    sure = [selected(hypothesis(3, 0.999, x0=x), 0.5, seen=0.8) for x in (10, 40)]
    unsure = selected(hypothesis(5, 0.9, x0=70), 0.1, seen=0.8, evidence=-0.5)
    unseen = selected(hypothesis(1, 0.999, x0=95), 0.5, seen=0.1)
    assert accept([*sure, unsure, unseen], PAPER, 0.95) == [*sure, unsure]
    high = selected(hypothesis(5, 0.9, x0=70), 0.1, seen=0.8, evidence=-0.5, usual_height=False)
    assert accept([*sure, high], PAPER, 0.95) == sure
    assert accept([sure[0], unsure], PAPER, 0.95) == [sure[0]]
    weak = selected(hypothesis(8, 0.96), 0.07, seen=0.7, evidence=0.2)
    assert accept([weak], PAPER, 0.95) == []


def test_a_digit_that_the_network_misses_is_accepted_beside_sure_ones_where_most_proposals_read_it():
    sure = [selected(hypothesis(3, 0.999, x0=x), 0.5, seen=0.8) for x in (10, 40)]
    missed = selected(hypothesis(4, 0.999, x0=70), 0.9, seen=0.2)
    faint = selected(hypothesis(4, 0.999, x0=70), 0.9, contrast=0.3, seen=0.2)
    assert accept([*sure, missed], PAPER, 0.95) == [*sure, missed]
    assert accept([*sure, faint], PAPER, 0.95) == sure
    assert accept([sure[0], missed], PAPER, 0.95) == [sure[0]]


def test_the_share_of_the_strokes_that_is_explained():
    left, right = hypothesis(3, 0.999), hypothesis(4, 0.999, x0=60)
    ink = contrast_of(left, right).values
    assert explained_share([selected(left, 1.0)], ink) == pytest.approx(0.5, abs=0.02)
    assert explained_share([selected(left, 1.0), selected(right, 1.0)], ink) == 1
