"""A picture with the boxes of its digits."""

import dataclasses

import numpy as np
from PIL import ImageColor

from digitjax.recognition.recognizer import Reading, Recognizer
from digitjax.visualization.boxes import ACCEPTED_COLOR, REJECTED_COLOR, draw_boxes

PAGE = np.full((240, 480), 255, np.uint8)
PAGE[60:180, 100:110] = PAGE[60:180, 300:310] = 0


def read(*rejected: bool, page: np.ndarray = PAGE) -> Reading:
    """Read two vertical bars as a 1 each, some of them rejected."""
    reading = Recognizer(lambda images: np.eye(10, dtype=np.float32)[[1] * len(images)] * 9).read(page)
    digits = [dataclasses.replace(d, rejected=no) for d, no in zip(reading.digits, rejected, strict=True)]
    return dataclasses.replace(reading, digits=tuple(digits))


def is_color(pixels: np.ndarray, color: str) -> np.ndarray:
    return (pixels == ImageColor.getrgb(color)).all(axis=-1)


def test_boxes_surround_the_digits():
    pixels = np.asarray(draw_boxes(read(False, True)))
    assert pixels.shape == (240, 480, 3)
    for color, x0, others in ((ACCEPTED_COLOR, 100, REJECTED_COLOR), (REJECTED_COLOR, 300, ACCEPTED_COLOR)):
        near = pixels[:, x0 - 40 : x0 + 60]
        rows, columns = np.nonzero(is_color(near, color))
        assert abs(rows.max() - 180) <= 2
        assert 38 <= columns.min() <= 42
        assert not is_color(near, others).any()


def test_a_rejected_digit_differs_by_dashes_and_a_question_mark():
    solid, dashed = (np.asarray(draw_boxes(read(no, no))) for no in (False, True))
    side = slice(64, 176), 100
    assert is_color(solid, ACCEPTED_COLOR)[side].all()
    assert 0.3 < is_color(dashed, REJECTED_COLOR)[side].mean() < 0.8
    solid_label, dashed_label = (
        np.flatnonzero((pixels[40:57, 95:160] != 255).any(axis=(0, 2))) for pixels in (solid, dashed)
    )
    assert np.ptp(dashed_label) > np.ptp(solid_label) + 4  # by its question mark


def test_small_pictures_are_enlarged_and_empty_ones_unchanged():
    small = read(False, False, page=PAGE[::2, ::2])
    assert draw_boxes(small).size == (480, 240)
    blank = read(page=np.full((600, 500), 255, np.uint8))
    np.testing.assert_array_equal(np.asarray(draw_boxes(blank)), 255)
