"""Touching digits can be cut and broken ones merged; the surest path through the lattice is selected."""

import numpy as np
import pytest

from digitjax.imaging.binarize import Foreground
from digitjax.imaging.oversegmentation import Lattice, OversegmentationParams, build_lattice
from digitjax.imaging.segmentation import Region, find_digits
from tests.recognition.drawing import strokes

UNSURE = 0.3


def find_regions(mask: np.ndarray) -> list[Region]:
    return find_digits(Foreground(mask.astype(np.float32), uniform_background=True))


def whole(mask: np.ndarray) -> Region:
    [region] = find_regions(mask)
    return region


def parts_of(region: Region, top2_probability: float = UNSURE) -> list[Region]:
    return build_lattice([region], [top2_probability]).parts


def iou(part: Region, region: Region, expected: np.ndarray) -> float:
    """Overlap of a part of a region with the pixels expected of it."""
    found = np.zeros_like(region.mask)
    rows, columns = part.y0 - region.y0, part.x0 - region.x0
    found[rows : rows + part.height, columns : columns + part.width] = part.mask
    return float((found & expected).sum() / (found | expected).sum())


@pytest.mark.parametrize("text", ["00", "83", "36", "90"])
def test_one_of_the_parts_is_the_first_digit(text: str):
    options = {"height": 80, "pen": 9, "gap": 6}
    region = whole(strokes(text, **options))
    first = strokes(text[0], **options)[region.y0 : region.y1, region.x0 :]
    first = np.pad(first, ((0, 0), (0, region.width)))[:, : region.width] & region.mask
    assert max(iou(part, region, first) for part in parts_of(region)[1:]) > 0.75


def test_each_of_many_touching_digits_is_a_part():
    region = whole(strokes("0250250250", height=80, pen=9, gap=6))
    lattice = build_lattice([region], [UNSURE])
    width = region.width / 10
    for number in range(10):
        left = number * width
        assert any(
            abs(part.x0 - region.x0 - left) < 0.25 * width and abs(part.width - width) < 0.35 * width
            for part in lattice.parts
        ), number


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_the_regions_of_a_line_are_cut_into_no_more_parts_than_asked_for(limit: int):
    region = whole(strokes("000", pen=9, gap=6))
    regions = [region.translate(i * 2 * region.width, 0) for i in range(4)]
    every = build_lattice(regions, [UNSURE] * 4).parts
    some = build_lattice(regions, [UNSURE] * 4, OversegmentationParams(max_parts=limit)).parts
    assert [part.corners for part in some] == [part.corners for part in every[: 4 + limit]]
    assert len(every) > 4 + limit


def test_the_first_parts_are_the_regions():
    regions = [region for text in ("1", "000") for region in [whole(strokes(text, pen=9, gap=6))]]
    lattice = build_lattice(regions, [UNSURE, UNSURE])
    assert lattice.parts[:2] == regions
    assert lattice.region_count == 2
    assert lattice.penalties[0] == 0 < lattice.penalties[1]  # it is wider than most digits


def test_narrow_and_likely_digits_are_not_cut():
    for digit in "0123456789":
        region = whole(strokes(digit))
        assert parts_of(region) == [region], digit
    region = whole(strokes("00", pen=9, gap=6))
    assert region.width < 1.6 * region.height
    assert parts_of(region, 0.999) == [region]


def test_what_is_wider_than_the_digits_beside_it_is_cut_however_likely_it_is():
    wide, usual = whole(strokes("0000", pen=9, gap=6)), whole(strokes("0", pen=9))
    assert len(build_lattice([wide, usual.translate(wide.x1 + 20, 0)], [0.999, 0.999]).parts) > 2
    assert parts_of(wide, 0.999) == [wide]


def test_parts_are_ordered_and_share_no_more_than_the_stroke_at_the_cut():
    region = whole(strokes("38", pen=9, gap=6))
    lattice = build_lattice([region], [UNSURE])
    for part, (start, end), penalty in zip(*lattice[:3], strict=True):
        assert 0 <= start < end
        assert penalty >= 0
        assert part.mask.sum() <= region.mask.sum()
        assert part.line == region.line


def test_broken_digits_can_be_merged_and_distant_ones_cannot():
    mask = np.zeros((60, 90), bool)
    mask[10:50, 10:16] = mask[10:50, 20:26] = mask[10:50, 60:66] = True
    regions = sorted(find_regions(mask), key=lambda region: region.x0)
    assert len(regions) == 3
    lattice = build_lattice(regions, [UNSURE] * 3)
    assert lattice.spans[3:] == [(0, 2)]
    assert lattice.parts[3].corners == (10, 10, 26, 50)
    assert lattice.parts[3].mask.sum() == 2 * 40 * 6
    assert len(build_lattice(regions, [0.99] * 3).parts) == 3


REGION = Region(0, 0, 1, 1, 0, np.ones((1, 1), bool))


def select(spans: list[tuple[int, int]], penalties: list[float], probabilities: list[float]) -> list[int]:
    count = penalties.count(0)
    return Lattice([REGION] * len(spans), spans, penalties, count).select(np.array(probabilities))


def test_the_surest_path_is_selected_and_a_cut_is_penalized():
    spans = [(0, 2), (0, 1), (1, 2)]
    assert select(spans, [0, 0.1, 0.1], [0.4, 0.96, 0.97]) == [1, 2]
    assert select(spans, [0, 0.1, 0.1], [0.95, 0.97, 0.97]) == [0]
    assert select([(0, 1)], [0], [0.3]) == [0]
    assert select([], [], []) == []


def test_a_cut_with_a_part_that_is_no_digit_is_not_selected():
    spans = [(0, 2), (0, 1), (1, 2)]
    assert select(spans, [0, 0.1, 0.1], [0.1, 0.99, 0.6]) == [0]
    assert select(spans, [0, 0.1, 0.1], [0.1, 0.99, 0.96]) == [1, 2]


def test_two_regions_are_merged_if_that_is_surer():
    spans = [(0, 1), (1, 2), (0, 2)]
    assert select(spans, [0, 0, 1], [0.3, 0.5, 0.99]) == [2]
    assert select(spans, [0, 0, 1], [0.9, 0.9, 0.99]) == [0, 1]


def test_a_grid_is_not_cut():
    grid = np.zeros((90, 120), bool)
    for start in range(6):
        grid[start::28] = True
        grid[:, start::28] = True
    lattice = build_lattice([whole(grid)], [UNSURE])
    assert lattice.select(np.array([0.1] + [0.5] * (len(lattice.parts) - 1))) == [0]
