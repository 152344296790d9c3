"""Letters that look like digits are told by those beside them, and numbers beside words are kept."""

import numpy as np

from digitjax.imaging.segmentation import Region
from digitjax.recognition.hypotheses import Hypothesis
from digitjax.recognition.words import are_letters


def row(text: str, sure: float = 0.999, gap: int = 10, y0: int = 10, height: int = 40) -> list[Hypothesis]:
    """Characters of a line, 20 pixels wide; an x is no digit, a dot a wide gap."""
    found = []
    for i, character in enumerate(text):
        top2 = 0.3 if character == "x" else sure
        probabilities = np.full(10, (1 - top2) / 8, np.float32)
        probabilities[1], probabilities[7] = top2 - 0.01, 0.01
        x0 = 10 + i * (20 + gap)
        region = Region(x0, y0, x0 + 20, y0 + height, 0, np.ones((height, 20), bool))
        if character != ".":
            found.append(Hypothesis(0, region, np.zeros((28, 28), np.uint8), probabilities))
    return found


def kept(*lines: list[Hypothesis]) -> int:
    """Return how many digits are no letters."""
    characters = [h for line in lines for h in line]
    digits = [h for h in characters if h.top2_probability > 0.5]
    return are_letters(digits, [h for h in characters if h.top2_probability <= 0.5]).count(False)


def test_digits_among_letters_are_letters():
    assert kept(row("x1x7x")) == 0
    assert kept(row("1xx")) == 0
    assert kept(row("1x11x1")) == 0


def test_a_number_beside_a_word_is_kept_if_it_is_sure():
    assert kept(row("xx12")) == 2
    assert kept(row("12xx")) == 2
    assert kept(row("xx12", sure=0.97)) == 0
    assert kept(row("xxxx....7")) == 1


def test_one_character_that_is_no_digit_makes_no_word():
    assert kept(row("1x7")) == 2
    assert kept(row("123x567x90")) == 8


def test_words_end_at_wide_gaps_and_at_lines():
    assert kept(row("1x7x1", gap=50)) == 3
    assert kept(row("117"), row("xxx", y0=80)) == 3


def test_specks_are_no_letters():
    assert kept(row("1.7.1", height=50), row(".x.x", y0=40, height=8)) == 3
    assert kept([]) == 0
