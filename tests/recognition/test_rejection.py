"""The model in the box knows what it does not know: it rejects what is no digit, and reads what is one."""

from pathlib import Path

import numpy as np
import pytest

from digitjax.recognition.recognizer import load
from digitjax.recognition.scoring import evaluate_pictures
from tests.recognition.outliers import KINDS, other_letter, rejected_shares


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_what_is_no_digit_are_drawn(kind: str):
    first, again = (KINDS[kind](np.random.default_rng(1)) for _ in range(2))
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)


@pytest.mark.slow
@pytest.mark.long
def test_what_is_no_digit_is_rejected():
    shares = rejected_shares(load(), count=60)
    judged = [share for kind, share in shares.items() if KINDS[kind] is not other_letter]
    assert np.mean(judged) >= 0.95, shares


@pytest.mark.slow
def test_hardly_a_real_digit_is_lost(test_data: Path):
    """Of the digits that are right, at most 2 % are rejected."""
    results = evaluate_pictures(test_data / "handwriting-dev", load()).results
    singles = [
        (r.entry.lines[0], r.digits[0]) for r in results if r.entry.layout == "single" and len(r.digits) == 1
    ]
    right = [digit for label, digit in singles if str(digit.digit) == label]
    assert np.mean([digit.rejected for digit in right]) <= 0.02
