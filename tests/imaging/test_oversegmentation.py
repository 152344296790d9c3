"""Touching digits have segmentation hypotheses, of which the best is selected."""

import numpy as np
import pytest

from digitjax.imaging.binarize import Foreground
from digitjax.imaging.oversegmentation import best_hypothesis, find_hypotheses
from digitjax.imaging.segmentation import Region, find_digits
from tests.recognition.drawing import strokes


def whole(mask: np.ndarray) -> Region:
    [region] = find_digits(Foreground(mask.astype(np.float32), uniform_background=True))
    return region


@pytest.mark.parametrize("text", ["00", "83", "36", "90"])
def test_one_of_the_hypotheses_is_the_right_one(text: str):
    options = {"height": 80, "pen": 9, "gap": 6}
    region = whole(strokes(text, **options))
    first = strokes(text[0], **options)[region.y0 : region.y1, region.x0 :]
    first = np.pad(first, ((0, 0), (0, region.width)))[:, : region.width] & region.mask

    def iou(part: Region) -> float:
        found = np.zeros_like(region.mask)
        rows, columns = part.y0 - region.y0, part.x0 - region.x0
        found[rows : rows + part.height, columns : columns + part.width] = part.mask
        return float((found & first).sum() / (found | first).sum())

    assert max(iou(hypothesis[0]) for hypothesis in find_hypotheses(region) if len(hypothesis) == 2) > 0.75


def test_three_in_a_row_can_be_cut_twice():
    touching = whole(strokes("025", height=80, pen=9, gap=6))
    assert max(len(hypothesis) for hypothesis in find_hypotheses(touching)) >= 3


def test_the_first_hypothesis_is_not_to_cut():
    for text in ("1", "00"):
        region = whole(strokes(text, pen=9, gap=6))
        assert find_hypotheses(region)[0] == (region,)


def test_a_narrow_digit_is_not_cut():
    for digit in "0123456789":
        region = whole(strokes(digit))
        assert find_hypotheses(region) == [(region,)], digit


def test_parts_keep_their_pixels_and_are_ordered_from_the_left():
    region = whole(strokes("38", pen=9, gap=6))
    for hypothesis in find_hypotheses(region)[1:]:
        assert [part.x0 for part in hypothesis] == sorted(part.x0 for part in hypothesis)
        assert sum(part.mask.sum() for part in hypothesis) >= 0.9 * region.mask.sum()
        assert all(part.line == region.line for part in hypothesis)


def test_the_most_probable_hypothesis_is_selected_and_a_cut_is_penalized():
    assert best_hypothesis([[0.4], [0.96, 0.97], [0.96, 0.96, 0.96]]) == 1
    assert best_hypothesis([[0.95], [0.97, 0.97]]) == 0
    assert best_hypothesis([[0.3]]) == 0


def test_a_hypothesis_with_a_part_that_is_no_digit_is_not_selected():
    assert best_hypothesis([[0.1], [0.99, 0.6]]) == 0
    assert best_hypothesis([[0.1], [0.99, 0.96]]) == 1


def test_a_grid_is_not_cut():
    grid = np.zeros((90, 120), bool)
    for start in range(6):
        grid[start::28] = True
        grid[:, start::28] = True
    assert len(find_hypotheses(whole(grid))) == 1
