"""Transparent parts get a fitting background, and deep grayscale is scaled by the range that it uses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from digitjax.imaging.color import to_rgb


def layer(height: int = 40, width: int = 40, color: int = 0) -> np.ndarray:
    """Return a fully transparent layer, uint8 (height, width, 4)."""
    clear = np.full((height, width, 4), color, np.uint8)
    clear[..., 3] = 0
    return clear


@pytest.mark.parametrize(("pen", "paper"), [(0, 255), (255, 0), (150, 255), (170, 0)])
@pytest.mark.parametrize("columns", [slice(18, 22), slice(5, 35)])
def test_the_background_of_strokes_contrasts_with_them(pen: int, paper: int, columns: slice):
    drawing = layer(color=pen)
    drawing[8:32, columns, 3] = 255  # full boxes, as a one or a dash is
    colors = to_rgb(Image.fromarray(drawing))
    assert (colors[20, 20] == pen).all()
    assert (colors[0, 0] == paper).all()


def test_the_color_of_a_page_is_continued_around_it():
    page = layer()
    page[5:35, 5:35] = [250, 240, 200, 255]
    page[10:30, 19:22, :3] = 20
    colors = to_rgb(Image.fromarray(page))
    assert colors[0, 0].tolist() == [250, 240, 200]
    assert colors[20, 20].tolist() == [20, 20, 20]


def test_soft_edges_are_blended():
    drawing = layer()
    drawing[5:35, 19:21, 3] = 255
    drawing[5:35, 21, 3] = 102
    assert to_rgb(Image.fromarray(drawing))[20, 21].tolist() == [153, 153, 153]


@pytest.mark.parametrize("alpha", [0, 128, 200])
def test_the_alpha_channel_of_an_opaque_or_a_fully_transparent_picture_is_dropped(alpha: int):
    drawing = np.random.default_rng(0).integers(0, 255, (9, 9, 4), np.uint8)
    drawing[..., 3] = alpha
    np.testing.assert_array_equal(to_rgb(Image.fromarray(drawing)), drawing[..., :3])


def test_faint_strokes_get_a_contrasting_background():
    drawing = layer(color=255)
    drawing[5:35, 5:8, 3] = 90
    drawing[5:8, 5:35, 3] = 90
    colors = to_rgb(Image.fromarray(drawing))
    assert colors[0, 0].tolist() == [0, 0, 0]
    assert colors[6, 6].tolist() == [90, 90, 90]


@given(st.sampled_from([1, 8, 10, 12, 14, 16]), st.floats(0.6, 1), st.integers(0, 99))
def test_deep_grayscale_is_scaled_by_the_bits_that_it_uses(bits: int, share: float, seed: int):
    full = 2.0**bits - 1
    values = np.random.default_rng(seed).uniform(0, share * full, (6, 6)).astype(np.float32)
    values[0, 0] = share * full if bits > 1 else 1
    gray = to_rgb(Image.fromarray(values))[..., 0]
    np.testing.assert_array_equal(gray, np.rint(255 * (values / np.float32(full))).astype(np.uint8))


def test_values_out_of_range_are_clipped():
    values = np.array([[0, -0.02, 0.5, 1.02, np.nan, 1]], np.float32)
    assert to_rgb(Image.fromarray(values))[0, :, 0].tolist() == [0, 0, 128, 255, 0, 255]
    symmetric = np.array([[-1, 0, 1]], np.float32)
    assert to_rgb(Image.fromarray(symmetric))[0, :, 0].tolist() == [0, 128, 255]
    infinite = np.array([[0, np.inf]], np.float32)
    assert to_rgb(Image.fromarray(infinite))[0, :, 0].tolist() == [0, 255]
