"""Binarization finds the strokes whatever the paper, the pen and the light."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitjax.imaging.binarize import binarize
from tests.recognition.drawing import rng, shade, strokes

MASK = strokes("407")
HEIGHT, WIDTH = MASK.shape


def paint(paper: tuple[int, int, int], pen: tuple[int, int, int], mask: np.ndarray = MASK) -> np.ndarray:
    """Return a picture, uint8 (h, w, 3), of strokes in one color on paper of another."""
    return np.where(mask[..., None], np.uint8(pen), np.uint8(paper))


def iou(found: np.ndarray, mask: np.ndarray = MASK) -> float:
    """Intersection over union."""
    return float((found & mask).sum() / (found | mask).sum())


COLORS = {
    "black on white": ((255, 255, 255), (0, 0, 0)),
    "white on black": ((0, 0, 0), (255, 255, 255)),
    "red on white": ((250, 250, 250), (230, 40, 40)),
    "yellow on white": ((255, 255, 255), (250, 230, 60)),
    "blue on beige": ((236, 226, 200), (40, 60, 160)),
    "faint on white": ((255, 255, 255), (235, 235, 235)),
    "red on green of one brightness": ((0, 110, 0), (215, 0, 0)),
}


@pytest.mark.parametrize(("paper", "pen"), COLORS.values(), ids=COLORS)
def test_strokes_of_any_color_are_found_on_a_uniform_background(
    paper: tuple[int, int, int], pen: tuple[int, int, int]
):
    foreground = binarize(paint(paper, pen))
    assert foreground.uniform_background
    np.testing.assert_array_equal(foreground.mask, MASK)
    assert foreground.intensity[MASK].min() == 1.0
    assert foreground.intensity[~MASK].max() == 0.0


@pytest.mark.parametrize("darkest", [0.3, 0.5, 0.7])
@pytest.mark.parametrize(("paper", "pen"), [((230, 225, 215), (50, 50, 60)), ((50, 60, 50), (225, 225, 220))])
@pytest.mark.parametrize("direction", [(1, 0), (0, 1), (1, 1), (-1, 1)])
def test_strokes_are_found_in_a_shaded_photo(
    darkest: float, paper: tuple[int, int, int], pen: tuple[int, int, int], direction: tuple[int, int]
):
    photo = shade(paint(paper, pen), darkest, direction)
    foreground = binarize(photo)
    assert iou(foreground.mask) > 0.85


def test_strokes_are_found_in_a_vignetted_noisy_photo():
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    light = (1 - 0.6 * (x**2 + y**2) / 2)[..., None]
    photo = paint((220, 220, 210), (60, 60, 70)) * light + rng(0).normal(0, 5, (HEIGHT, WIDTH, 3))
    assert iou(binarize(photo.clip(0, 255).astype(np.uint8)).mask) > 0.9


def test_a_thick_digit_that_fills_its_picture_is_foreground():
    mask = np.zeros((28, 28), bool)
    mask[2:26, 4:24] = True
    mask[8:12, 10:18] = False
    np.testing.assert_array_equal(binarize(paint((255, 255, 255), (30, 15, 0), mask)).mask, mask)


def test_soft_edges_are_kept():
    row = np.uint8([255] * 20 + [200, 128, 60, 0, 0, 0, 60, 128, 200] + [255] * 20)
    intensity = binarize(np.broadcast_to(row[None, :, None], (49, 49, 3)).copy()).intensity[24]
    assert 0 == intensity[19] < intensity[20] < intensity[21] < intensity[23] == 1.0


@pytest.mark.parametrize("level", [0, 100, 255])
@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (30, 30), (200, 300)])
def test_a_blank_page_has_no_foreground(level: int, shape: tuple[int, int]):
    assert not binarize(np.full((*shape, 3), level, np.uint8)).intensity.any()


def test_a_blank_shaded_noisy_page_has_almost_no_foreground():
    page = shade(np.full((300, 400, 3), 200, np.uint8), 0.4, (1, 1)) + rng(0).normal(0, 3, (300, 400, 3))
    assert binarize(page.clip(0, 255).astype(np.uint8)).mask.mean() < 0.01


def test_two_pixels_without_a_background_have_an_intensity():
    foreground = binarize(np.array([[[139, 87, 91]], [[5, 172, 36]]], np.uint8))
    assert np.isfinite(foreground.intensity).all()


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 60))
def test_any_pixels_give_an_intensity_from_0_to_1(seed: int, height: int, width: int):
    foreground = binarize(rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8))
    assert foreground.intensity.shape == (height, width)
    assert foreground.intensity.dtype == np.float32
    assert np.isfinite(foreground.intensity).all()
    assert foreground.intensity.min() >= 0
    assert foreground.intensity.max() <= 1


@settings(max_examples=20)
@given(st.integers(0, 120), st.integers(135, 255))
def test_an_inverted_picture_has_the_same_intensity(dark: int, light: int):
    picture = paint((light,) * 3, (dark,) * 3)
    np.testing.assert_array_equal(binarize(picture).intensity, binarize(255 - picture).intensity)
