"""The pretrained model rejects what is no digit, and accepts what is one."""

from pathlib import Path

import numpy as np
import pytest

from digitjax.recognition.recognizer import load
from digitjax.recognition.scoring import evaluate_pictures
from tests.recognition.outliers import KINDS, ambiguous_letter, rejected_shares


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_outliers_are_reproducible(kind: str):
    first, again = (KINDS[kind](np.random.default_rng(1)) for _ in range(2))
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)


@pytest.mark.slow
@pytest.mark.long
def test_outliers_are_rejected():
    shares = rejected_shares(load(), count=60)
    tested = [share for kind, share in shares.items() if KINDS[kind] is not ambiguous_letter]
    assert np.mean(tested) >= 0.95, shares


@pytest.mark.slow
def test_at_most_2_percent_of_correct_real_digits_are_rejected(test_data: Path):
    results = evaluate_pictures(test_data / "handwriting-dev", load()).results
    singles = [
        (r.row.lines[0], r.digits[0]) for r in results if r.row.layout == "single" and len(r.digits) == 1
    ]
    correct = [digit for label, digit in singles if str(digit.digit) == label]
    assert np.mean([digit.rejected for digit in correct]) <= 0.02
