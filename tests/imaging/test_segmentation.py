"""Segmentation joins the strokes of a digit, drops what is no digit, and orders the digits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitjax.imaging.binarize import Foreground
from digitjax.imaging.components import ComponentParams, find_components
from digitjax.imaging.ruling import remove_ruling
from digitjax.imaging.segmentation import Region, SegmentationParams, find_digits
from tests.recognition.drawing import rng, strokes


def boxes(regions: list[Region]) -> list[tuple[int, int, int, int]]:
    return [(r.x0, r.y0, r.x1, r.y1) for r in regions]


def find(mask: np.ndarray, *, uniform: bool = True) -> list[Region]:
    return find_digits(Foreground(mask.astype(np.float32), uniform))


def test_digits_of_a_string_are_found_from_the_left():
    regions = find(strokes("3141592653"))
    assert [r.line for r in regions] == [0] * 10
    assert [r.x0 for r in regions] == sorted(r.x0 for r in regions)
    assert all(70 <= r.height <= 90 for r in regions)


def test_each_region_has_its_own_pixels():
    mask = strokes("40")
    total = sum(r.mask.sum() for r in find(mask))
    assert total == mask.sum()


def test_lines_are_read_from_the_top_even_if_they_climb():
    line = strokes("1234567", gap=60)
    climbing = np.zeros((line.shape[0] + 100, line.shape[1]), bool)
    for column in range(line.shape[1]):
        up = 80 * column // line.shape[1]
        climbing[100 - up : 100 - up + line.shape[0], column] = line[:, column]
    regions = find(np.concatenate([climbing, climbing]))
    assert [r.line for r in regions] == [0] * 7 + [1] * 7


def test_uneven_baselines_stay_one_line():
    digits = [
        np.roll(strokes(d), shift, axis=0) for d, shift in zip("27182", (0, 25, -20, 15, -10), strict=True)
    ]
    assert [r.line for r in find(np.concatenate(digits, axis=1))] == [0] * 5


def test_specks_are_dropped_and_a_loose_bar_is_merged():
    mask = np.zeros((60, 60), bool)
    mask[20:50, 20:40] = True
    mask[14:17, 22:42] = True
    mask[2:4, 2] = True
    [region] = find(mask)
    assert boxes([region]) == [(20, 14, 42, 50)]
    assert region.mask.sum() == 30 * 20 + 3 * 20


@pytest.mark.parametrize("digit", "0235689")
def test_a_digit_that_a_worn_pencil_broke_is_one(digit: str):
    mask = strokes(digit, height=160, pen=14)
    mask[128:133] = False
    assert len(find(mask)) == 1


def test_commas_and_dashes_are_no_digits():
    mask = strokes("42", gap=80)
    mask[125:140, 135:145] = True
    assert len(find(mask)) == 2


def test_the_edge_of_the_page_is_dropped_from_a_photo_alone():
    mask = np.pad(strokes("58"), ((0, 60), (40, 0)))
    mask[:, :12] = True
    mask[-20:] = True
    assert len(find(mask, uniform=False)) == 2


def test_a_digit_that_fills_its_picture_is_no_page_edge():
    mask = strokes("2", margin=0)
    assert len(find(mask, uniform=False)) == 1


def test_frames_and_circles_around_digits_are_dropped():
    mask = strokes("3", margin=60)
    mask[20:24, 20:-20] = mask[-24:-20, 20:-20] = mask[20:-20, 20:24] = mask[20:-20, -24:-20] = True
    [region] = find(mask)
    assert region.height < 100
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
    distance = np.hypot(y - mask.shape[0] / 2, x - mask.shape[1] / 2)
    ring = strokes("3", margin=60) | ((distance > 66) & (distance < 70))
    [region] = find(ring)
    assert region.height < 100


@pytest.mark.parametrize("step", [25, 60])
@pytest.mark.parametrize("slope", [0.0, 0.01, -0.01])
@pytest.mark.parametrize("squared", [False, True])
def test_ruled_lines_are_removed_and_digits_kept(step: int, slope: float, squared: bool):
    digits = strokes("25703", height=90, pen=10)
    y, x = np.mgrid[: digits.shape[0], : digits.shape[1]]
    lines = (np.round(y + slope * x) % step) < 2
    if squared:
        lines |= (np.round(x - slope * y) % step) < 2
    cleaned = remove_ruling(digits | lines)
    assert (cleaned & ~digits).sum() < 0.25 * (lines & ~digits).sum() if squared else 0.1 * lines.sum()
    assert (cleaned & digits).sum() > 0.9 * digits.sum()


def test_one_line_alone_may_be_a_digit_and_several_are_ruled_paper():
    mask = np.zeros((100, 200), bool)
    mask[50] = True
    np.testing.assert_array_equal(remove_ruling(mask), mask)
    mask[75] = True
    assert not remove_ruling(mask).any()


def test_dust_is_no_digit():
    assert find(rng(0).random((230, 42)) < 0.2) == []


def test_the_bar_of_a_seven_that_fills_its_picture_is_no_ruled_line():
    mask = strokes("7", margin=4)
    np.testing.assert_array_equal(remove_ruling(mask), mask)


def test_of_very_many_specks_the_largest_components_are_kept():
    page = rng(0).random((300, 300)) < 0.05
    page[100:200, 50:250] = False
    page[120:180, 100:110] = page[120:180, 180:190] = True
    params = SegmentationParams(components=ComponentParams(max_labels=20))
    labels, _ = find_components(Foreground(page.astype(np.float32), True), params.components)
    assert labels.max() == 20
    assert boxes(find_digits(Foreground(page.astype(np.float32), True), params)) == [
        (100, 120, 110, 180),
        (180, 120, 190, 180),
    ]


def test_a_blank_page_holds_no_digit():
    assert find(np.zeros((40, 40), bool)) == []


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 80), st.integers(1, 80), st.floats(0.01, 0.9), st.booleans())
def test_boxes_lie_in_the_picture_tightly_around_their_pixels(
    seed: int, height: int, width: int, share: float, uniform: bool
):
    mask = rng(seed).random((height, width)) < share
    for region in find(mask, uniform=uniform):
        assert 0 <= region.x0 < region.x1 <= width
        assert 0 <= region.y0 < region.y1 <= height
        assert region.mask.shape == (region.height, region.width)
        for axis in (0, 1):
            assert region.mask.any(axis)[[0, -1]].all()
