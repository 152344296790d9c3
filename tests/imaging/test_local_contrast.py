"""Local contrast: of the shape of the picture, odd under the negative, and blind to the paper's color."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from digitjax.imaging import cells
from digitjax.imaging.local_contrast import CHANNELS, local_contrast, resize_picture


def noise(height: int, width: int, low: int = 0, high: int = 256) -> np.ndarray:
    return np.random.default_rng(0).integers(low, high, (height, width, 3), np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (7, 9), (160, 64)])
def test_every_picture_has_a_contrast_of_its_shape(shape: tuple[int, int]):
    contrast = local_contrast(noise(*shape))
    assert contrast.shape == (*shape, CHANNELS)
    assert np.isfinite(contrast).all()
    assert np.abs(contrast).max() <= 2


def test_the_negative_has_the_negative_contrast():
    pixels = noise(50, 70)
    np.testing.assert_allclose(local_contrast(255 - pixels), -local_contrast(pixels), atol=1e-4)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_empty_picture_has_no_contrast(level: int):
    assert np.abs(local_contrast(np.full((40, 60, 3), level, np.uint8))).max() < 1e-4


def test_darker_paper_changes_nothing():
    pixels = noise(80, 80, 100, 200)
    np.testing.assert_allclose(local_contrast(pixels - 60), local_contrast(pixels), atol=1e-3)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 40), st.integers(1, 40))
def test_a_picture_has_the_size_that_is_asked_for(height: int, width: int):
    assert resize_picture(noise(17, 23), height, width).shape == (height, width, 3)


def test_cells_are_averaged_and_interpolated_between():
    ramp = np.linspace(0, 1, 40, dtype=np.float32)[:, None].repeat(32, axis=1)
    small = cells.average_cells(ramp)
    np.testing.assert_allclose(small, ramp.reshape(10, 4, 8, 4).mean((1, 3)), atol=1e-6)
    np.testing.assert_allclose(cells.enlarge_cells(small, ramp.shape)[2:-2], ramp[2:-2], atol=1e-6)
    np.testing.assert_allclose(cells.smooth_cells(small, 12), ndimage.uniform_filter(small, 3), atol=1e-6)
