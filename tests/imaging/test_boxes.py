"""Strokes in boxes that a person drew."""

import numpy as np
import pytest

from digitjax.errors import InputError
from digitjax.imaging.box import Box
from digitjax.imaging.boxes import find_regions
from digitjax.imaging.extract import extract, extract_boxes
from tests.recognition.drawing import digit_picture, strokes


def picture(mask: np.ndarray) -> np.ndarray:
    """Return dark strokes on white paper."""
    return np.where(mask, 20, 240).astype(np.uint8)


def test_a_box_around_a_digit_gives_what_recognition_finds():
    pixels = digit_picture(3, count=3)
    found = extract(pixels)
    cut = extract_boxes(pixels, found.regions)
    np.testing.assert_array_equal(cut.images, found.images)


def test_boxes_that_are_a_little_too_large_or_too_small_change_nothing():
    pixels = picture(strokes("47"))
    found = extract(pixels)
    for margin in (-2, 5):
        boxes = [Box(r.x0 - margin, r.y0 - margin, r.x1 + margin, r.y1 + margin) for r in found.regions]
        np.testing.assert_array_equal(extract_boxes(pixels, boxes).images, found.images)


def test_touching_digits_are_divided_between_their_boxes():
    pixels = picture(strokes("88", gap=0))
    (both,) = extract(pixels).regions
    middle = (both.x0 + both.x1) // 2
    boxes = [Box(both.x0, both.y0, middle, both.y1), Box(middle, both.y0, both.x1, both.y1)]
    first, second = extract_boxes(pixels, boxes).regions
    assert (first.x0, first.x1, second.x0, second.x1) == (both.x0, middle, middle, both.x1)
    assert first.area + second.area == both.area


def test_a_pixel_of_several_boxes_belongs_to_the_nearest_center():
    mask = np.ones((10, 30), bool)
    left, right = find_regions(mask, [Box(0, 0, 20, 10), Box(10, 0, 30, 10)])
    assert (left.corners, right.corners) == ((0, 0, 15, 10), (15, 0, 30, 10))


def test_a_box_without_strokes_has_no_region():
    mask = np.zeros((20, 20), bool)
    mask[2:8, 2:8] = True
    region, none = find_regions(mask, [Box(0, 0, 10, 10), Box(10, 10, 20, 20)])
    assert (region.corners, none) == ((2, 2, 8, 8), None)
    assert find_regions(mask, []) == []


def test_faint_strokes_beside_dark_ones_are_found_in_their_box():
    pixels = picture(strokes("11"))
    pixels[:, pixels.shape[1] // 2 :][pixels[:, pixels.shape[1] // 2 :] < 128] = 228
    dark = extract(pixels).regions
    assert len(dark) == 1
    faint = Box(dark[0].x0 + 80, dark[0].y0, dark[0].x1 + 80, dark[0].y1)
    assert extract_boxes(pixels, [dark[0], faint]).images[1].any()


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        (Box(0, 0, 9, 9), "box 2 holds no strokes: draw it around a digit"),
        (Box(0, 0, 999, 9), "box 2 is outside of the picture of 160 x 160 pixels: move it"),
        (Box(9, 9, 9, 9), "box 2 is outside"),
    ],
)
def test_a_box_that_cannot_be_used_is_named(box, reason):
    pixels = digit_picture(3)
    with pytest.raises(InputError, match=reason):
        extract_boxes(pixels, [extract(pixels).regions[0], box])
