"""Which digits of a generated page were not read, and which stage of the recognizer lost each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import linear_sum_assignment

from digitjax.data.pages import Page, PageDigit
from digitjax.imaging.binarize import EDGE_INTENSITY
from digitjax.recognition.recognizer import Digit, Reading

STAGES = ("foreground", "segmentation", "classifier", "rejection")
"""Stages that lose digits, in the order in which a digit passes them."""
MIN_COVERAGE = 0.5
"""Share of the strokes of a digit that the foreground must cover, and of the paper around them that it must not."""
BOX_TOLERANCE = 0.25
"""Longest distance between the edges of a box and those of a digit, in lengths of its longer side."""
_MIN_TOLERANCE = 2.0  # the same in pixels, for digits of few pixels
_PLACE = 1e-4  # costs of an alignment that decide between equal numbers of errors: the places differ


@dataclass(frozen=True)
class PageScore:
    """How a page was read."""

    exact: bool
    """Whether every line was read, and nothing else."""
    lost: tuple[tuple[PageDigit, str], ...]
    """The digits that were not read, each with the stage that lost it."""
    extra: int
    """Digits that were read where there is none."""

    @property
    def digit_errors(self) -> int:
        """Edit distance from what was read to the true text, lines put one after the other."""
        substituted = min(len(self.lost), self.extra)
        return len(self.lost) + self.extra - substituted


def score_page(page: Page, reading: Reading) -> PageScore:
    """Compare a reading with what is on the page.

    Args:
        page: a generated page.
        reading: what was read in it.

    Returns:
        Whether it is exact, and the lost digits.
    """
    boxes = match_boxes(page.digits, reading.digits)
    matched = {found: true for true, found in boxes.items()}
    accepted = [n for n, digit in enumerate(reading.digits) if not digit.rejected]
    costs = np.ones((len(accepted), len(page.digits)))
    for row, found in enumerate(accepted):
        digit = reading.digits[found].digit
        costs[row] = [
            float(digit != d.label) + _PLACE * (matched.get(found) != n) for n, d in enumerate(page.digits)
        ]
    pairs = align(costs)
    read = {true for row, true in pairs if costs[row, true] < 1}
    lost = tuple(
        (digit, _find_stage(page, reading, number, boxes.get(number)))
        for number, digit in enumerate(page.digits)
        if number not in read
    )
    return PageScore(tuple(reading.lines) == page.lines, lost, len(accepted) - len(read))


def match_boxes(digits: Sequence[PageDigit], found: Sequence[Digit]) -> dict[int, int]:
    """Match the digits of a page with those that were found at the same place.

    Args:
        digits: of the page.
        found: what was found, the rejected too.

    Returns:
        Number of a digit of the page -> number of what was found there. Neither occurs twice.
    """
    if not digits or not found:
        return {}
    true_boxes, boxes = (np.array([d.box for d in part], float) for part in (digits, found))
    distances = np.abs(true_boxes[:, None] - boxes[None]).max(axis=2)
    sides = np.maximum(true_boxes[:, 2] - true_boxes[:, 0], true_boxes[:, 3] - true_boxes[:, 1])
    allowed = np.maximum(BOX_TOLERANCE * sides, _MIN_TOLERANCE)[:, None]
    costs = np.minimum(distances / allowed, 1.5)
    return {
        int(n): int(m)
        for n, m in zip(*linear_sum_assignment(costs), strict=True)
        if distances[n, m] <= allowed[n, 0]
    }


def align(costs: Float[np.ndarray, "n m"]) -> list[tuple[int, int]]:
    """Align two sequences at the lowest cost (Levenshtein 1966).

    Args:
        costs: of pairing each item of the first sequence with each of the second; leaving one out costs 1.

    Returns:
        The pairs, in order.
    """
    count, length = costs.shape
    total = np.zeros((count + 1, length + 1))
    total[:, 0], total[0] = np.arange(count + 1), np.arange(length + 1)
    for i in range(count):
        for j in range(length):
            total[i + 1, j + 1] = min(total[i, j] + costs[i, j], total[i, j + 1] + 1, total[i + 1, j] + 1)
    pairs = []
    i, j = count, length
    while i and j:
        if total[i, j] == total[i - 1, j - 1] + costs[i - 1, j - 1]:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif total[i, j] == total[i - 1, j] + 1:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


def _find_stage(page: Page, reading: Reading, number: int, found: int | None) -> str:
    """Return the stage that lost a digit."""
    digit = page.digits[number]
    strokes, paper = _foreground_shares(page, reading, digit)
    if strokes < MIN_COVERAGE or (found is None and paper > MIN_COVERAGE):
        return "foreground"
    if found is None:
        return "segmentation"
    if reading.digits[found].rejected:
        return "rejection"
    return "classifier" if reading.digits[found].digit != digit.label else "segmentation"


def _foreground_shares(page: Page, reading: Reading, digit: PageDigit) -> tuple[float, float]:
    """Return the share of the strokes of a digit, and of the paper around them, that the foreground covers."""
    x0, y0, x1, y1 = digit.box
    height, width = page.pixels.shape[:2]
    intensity = reading.intensity
    rows = (np.arange(y0, y1) + 0.5) * intensity.shape[0] / height
    columns = (np.arange(x0, x1) + 0.5) * intensity.shape[1] / width
    foreground: Bool[np.ndarray, "h w"] = (
        intensity[np.ix_(rows.astype(int), columns.astype(int))] > EDGE_INTENSITY
    )
    paper = ~page.foreground()[y0:y1, x0:x1]
    return float(foreground[digit.mask].mean()), float(foreground[paper].mean()) if paper.any() else 0.0
