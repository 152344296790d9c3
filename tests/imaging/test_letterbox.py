"""Bars of one color around a photo are cropped, and nothing else is."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digitjax.imaging.letterbox import crop_letterbox
from digitjax.recognition import recognizer
from tests.recognition.drawing import digit_picture, rng, shade, strokes


def photo(text: str = "4071") -> np.ndarray:
    """Return a photo of digits on shaded paper, with the noise of a sensor."""
    paper = np.where(strokes(text)[..., None], np.uint8((40, 40, 90)), np.uint8((225, 220, 210)))
    return (shade(paper, 0.6, (1, 2)) + rng(0).normal(0, 3, paper.shape)).clip(0, 255).astype(np.uint8)


def add_bars(pixels: np.ndarray, margins: tuple[int, int, int, int], color: int) -> np.ndarray:
    top, bottom, left, right = margins
    return np.pad(pixels, ((top, bottom), (left, right), (0, 0)), constant_values=color)


@given(st.tuples(*[st.integers(0, 90)] * 4), st.sampled_from([0, 30, 255]))
@example((0, 60, 0, 0), 0)
@example((0, 0, 0, 60), 255)
@settings(max_examples=30, derandomize=True)
def test_the_photo_inside_the_bars_is_found(margins: tuple[int, int, int, int], color: int):
    inside = photo()
    whole = add_bars(inside, margins, color)
    np.testing.assert_array_equal(whole[crop_letterbox(whole)], inside)


@pytest.mark.parametrize(
    "margins", [(70, 70, 0, 0), (0, 0, 120, 120), (25, 25, 25, 25)], ids=["above", "beside", "around"]
)
@pytest.mark.parametrize("color", [0, 255])
def test_a_letterboxed_photo_is_read_like_the_photo_with_boxes_moved(
    margins: tuple[int, int, int, int], color: int
):
    reader = recognizer.load()
    alone, letterboxed = reader.read(photo()), reader.read(add_bars(photo(), margins, color))
    assert letterboxed.text == alone.text
    assert len(letterboxed.text) == 4
    top, _, left, _ = margins
    assert [digit.box for digit in letterboxed.digits] == [
        (x0 + left, y0 + top, x1 + left, y1 + top) for x0, y0, x1, y1 in (d.box for d in alone.digits)
    ]
    assert letterboxed.intensity.shape == letterboxed.picture.pixels.shape[:2]


def seven_segment_zero() -> np.ndarray:
    picture = np.full((120, 90), 250, np.uint8)
    picture[10:-10, 10:-10] = 20
    picture[30:-30, 30:-30] = 250
    return picture


@pytest.mark.parametrize(
    "drawing",
    [
        digit_picture(0),
        digit_picture(7, dark_pen=False),
        seven_segment_zero(),
        np.full((60, 60), 250, np.uint8),
    ],
    ids=["0", "7", "0 of seven segments", "nothing"],
)
def test_a_drawing_is_not_cropped(drawing: np.ndarray):
    height, width = drawing.shape
    rows, columns = crop_letterbox(np.repeat(drawing[..., None], 3, axis=2))
    assert (rows.start, rows.stop, columns.start, columns.stop) == (0, height, 0, width)
