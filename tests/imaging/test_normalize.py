"""A digit gets MNIST's size, position and stroke width, whatever was drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.morphology import skeletonize
from sklearn.datasets import load_digits

from digitjax.imaging.normalize import NormalizeParams, to_mnist
from tests.recognition.drawing import strokes


def width_of(image: np.ndarray) -> float:
    """Foreground over the length of the strokes, in pixels."""
    return float(image.sum() / 255 / skeletonize(image > 127).sum())


def draw(digit: str, height: int, pen: int) -> np.ndarray:
    return strokes(digit, height=height, pen=pen, margin=pen).astype(np.float32)


def test_a_tiny_solid_bar_is_thinned_and_a_tiny_digit_with_gaps_is_not():
    bar = np.ones((8, 4), np.float32)
    eight = bar.copy()
    eight[[2, 5], 1:3] = 0.6
    widths = [np.count_nonzero(to_mnist(intensity)[14] > 127) for intensity in (bar, eight)]
    assert widths[0] < 10 == widths[1]


@settings(max_examples=30)
@given(st.integers(0, 1796), st.integers(1, 6))
def test_a_digit_keeps_its_shape_and_is_centered(number: int, scale: int):
    intensity = np.kron(load_digits().images[number] / 16, np.ones((scale, scale))).astype(np.float32)
    image = to_mnist(intensity)
    assert image.max() == 255
    height, width = (np.ptp(np.flatnonzero(image.any(axis))) + 1 for axis in (1, 0))
    assert 19 <= max(height, width) <= 20
    np.testing.assert_allclose(ndimage.center_of_mass(image), (13.5, 13.5), atol=0.51)


@pytest.mark.parametrize("digit", "023457")
@pytest.mark.parametrize("pen", [1, 3, 8, 20])
def test_hairlines_and_thick_strokes_get_one_width(digit: str, pen: int):
    assert width_of(to_mnist(draw(digit, 200, pen))) == pytest.approx(
        NormalizeParams().stroke_width, abs=0.75
    )


@pytest.mark.parametrize("digit", "0123456789")
def test_size_does_not_matter(digit: str):
    small, large = (to_mnist(draw(digit, height, pen)) / 255 for height, pen in ((48, 4), (480, 40)))
    assert np.abs(small - large).mean() < 0.08


def test_a_digit_larger_than_the_draft_keeps_its_hairlines():
    image = to_mnist(draw("1", 1200, 2))
    assert (image[:, 10:18].max(axis=1) > 127).sum() >= 19


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (2, 3)])
def test_the_smallest_and_flattest_shapes_are_normalized(shape: tuple[int, int]):
    image = to_mnist(np.ones(shape, np.float32))
    assert image.shape == (28, 28)
    assert image.max() == 255


def test_no_foreground_gives_an_empty_image():
    assert not to_mnist(np.zeros((30, 20), np.float32)).any()
