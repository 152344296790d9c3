"""Words: letters that look like digits are told by the letters beside them, which look like none."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from digitjax.recognition.hypotheses import Hypothesis


@dataclass(frozen=True)
class WordParams:
    """Parameters of `are_letters`; chosen on generated pages of letters, and of digits beside logos and lines."""

    max_gap: float = 1.0
    """Gap between two characters of a word, over the height of the higher one."""
    min_overlap: float = 0.4
    """Share of the lower one's height in which they lie side by side."""
    min_size: float = 0.5
    """Size of a letter, over the median height of the digits; what is smaller is a speck."""
    min_letters: int = 2
    """Number of letters that are a word."""
    min_letter_share: float = 0.33
    """Share of the characters of a word that are letters."""
    min_number: int = 2
    """Fewest digits that are a number at the beginning or the end of a word, as in "No 12"."""
    sure_probability: float = 0.985
    """Top-2 probability of each digit of such a number."""


def are_letters(
    digits: Sequence[Hypothesis], others: Sequence[Hypothesis], params: WordParams = WordParams()
) -> list[bool]:
    """Find what was taken for a digit and stands among letters.

    Args:
        digits: what was taken for digits.
        others: what is none, in the same picture.
        params: parameters of the words.

    Returns:
        Of each of the digits, whether it is a letter, too.
    """
    result = [False] * len(digits)
    if not digits or len(others) < params.min_letters:
        return result
    min_size = params.min_size * float(np.median([h.region.height for h in digits]))
    characters = [*digits, *(h for h in others if h.region.size >= min_size)]
    from scipy.sparse.csgraph import connected_components  # only here, as one digit needs no words

    _, words = connected_components(_are_neighbors(characters, params), directed=False)
    for number in range(words.max() + 1):
        members = np.flatnonzero(words == number).tolist()
        members.sort(key=lambda i: sum(characters[i].region.corners[::2]))
        found = [i for i in members if i < len(digits)]
        if found and _is_word([i < len(digits) for i in members], [digits[i] for i in found], params):
            for i in found:
                result[i] = True
    return result


def _is_word(is_digit: Sequence[bool], digits: Sequence[Hypothesis], params: WordParams) -> bool:
    """Whether a row of characters, some of which may be digits, is a word without a number."""
    letters = len(is_digit) - len(digits)
    if letters < max(params.min_letters, params.min_letter_share * len(is_digit)):
        return False
    is_sure = min(h.top2_probability for h in digits) >= params.sure_probability
    is_at_end = all(is_digit[: len(digits)]) or all(is_digit[-len(digits) :])
    return not (len(digits) >= params.min_number and is_sure and is_at_end)


def _are_neighbors(characters: Sequence[Hypothesis], params: WordParams) -> Bool[np.ndarray, "n n"]:
    """Return which characters stand side by side."""
    x0, y0, x1, y1 = np.array([h.region.corners for h in characters]).T
    height = y1 - y0
    gap = np.maximum(x0[:, None], x0) - np.minimum(x1[:, None], x1)
    overlap = np.minimum(y1[:, None], y1) - np.maximum(y0[:, None], y0)
    return (gap < params.max_gap * np.maximum(height[:, None], height)) & (
        overlap > params.min_overlap * np.minimum(height[:, None], height)
    )
