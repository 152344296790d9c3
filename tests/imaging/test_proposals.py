"""Foreground proposals: each way to binarize finds strokes that another one loses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digitjax.imaging.proposals import find_contrast, propose_foregrounds
from tests.recognition.drawing import strokes

MASK = strokes("5", height=60, pen=6)


def draw(intensity: np.ndarray, paper: int = 255) -> np.ndarray:
    """RGB pixels of dark strokes of an intensity, 0 to 1."""
    return np.repeat(np.rint(paper * (1 - intensity))[..., None], 3, axis=2).astype(np.uint8)


def masks(pixels: np.ndarray, dark: bool = True) -> dict[str, np.ndarray]:
    contrast = find_contrast(pixels, dark)
    return {p.name: p.foreground.mask for p in propose_foregrounds(pixels, dark, contrast)}


def iou(found: np.ndarray, expected: np.ndarray) -> float:
    return float((found & expected).sum() / (found | expected).sum())


def test_a_clear_digit_is_seen_in_every_proposal():
    for name, mask in masks(draw(MASK.astype(float))).items():
        assert iou(mask, MASK) > 0.95, name


def test_strokes_of_varying_pressure_are_whole_with_a_low_threshold_and_hysteresis():
    pressure = np.linspace(0.18, 0.8, MASK.shape[0])[:, None]
    found = masks(draw(MASK * pressure))
    assert iou(found["threshold 0.65"], MASK) < 0.8
    assert iou(found["threshold 0.15"], MASK) > 0.95
    assert iou(found["hysteresis"], MASK) > 0.95


def test_hysteresis_drops_what_is_faint_all_over():
    picture = MASK.astype(float)
    picture[:4] = 0.3  # a faint strip
    assert not masks(draw(picture))["hysteresis"][:4].any()
    assert masks(draw(picture))["threshold 0.15"][:4].all()


def test_thin_lines_across_a_bold_digit_are_removed():
    bold = strokes("1", height=80, pen=24)
    lined = bold.copy()
    lined[::16] = True
    assert iou(masks(draw(lined.astype(float)))["bold strokes"], bold) > 0.85


def test_a_tight_crop_has_a_contrast():
    rows, columns = np.flatnonzero(MASK.any(1)), np.flatnonzero(MASK.any(0))
    crop = MASK[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert find_contrast(draw(crop.astype(float)), True).full > 0.5


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_has_no_contrast(level: int):
    pixels = np.full((40, 50, 3), level, np.uint8)
    assert find_contrast(pixels, True).full == find_contrast(pixels, False).full == 0


@given(arrays(np.uint8, st.tuples(st.integers(1, 60), st.integers(1, 60), st.just(3))), st.booleans())
@settings(max_examples=25, deadline=None)
def test_any_pixels_give_intensities_from_0_to_1(pixels: np.ndarray, dark: bool):
    contrast = find_contrast(pixels, dark)
    assert contrast.values.shape == pixels.shape[:2]
    if contrast.full:
        for proposal in propose_foregrounds(pixels, dark, contrast):
            intensity = proposal.foreground.intensity
            assert intensity.shape == pixels.shape[:2]
            assert intensity.dtype == np.float32
            assert 0 <= intensity.min() <= intensity.max() <= 1
