"""A sure first reading ends the search; otherwise other foregrounds are tried, and plain things are read."""

from collections.abc import Callable

import numpy as np
import pytest

from digitjax.recognition import recognizer
from digitjax.recognition.crop_classifier import Probabilities
from digitjax.recognition.recognizer import Recognizer
from digitjax.recognition.search import Found, SearchParams, search
from tests.recognition.drawing import digit_picture, strokes


@pytest.fixture(scope="module")
def reader() -> Recognizer:
    return recognizer.load()


@pytest.fixture(scope="module")
def find(reader: Recognizer) -> Callable[[np.ndarray], Found]:
    return lambda pixels: search(pixels, reader.probabilities, reader.reject_threshold)


def draw(intensity: np.ndarray, paper: int = 255) -> np.ndarray:
    """RGB pixels of dark strokes of an intensity, 0 to 1."""
    return np.repeat(np.rint(paper * (1 - intensity))[..., None], 3, axis=2).astype(np.uint8)


def text(found: Found) -> str:
    return "".join(str(h.label) for h in found.digits)


def test_a_sure_reading_ends_the_search(find: Callable[[np.ndarray], Found]):
    found = find(draw(strokes("2", height=60, pen=6).astype(float)))
    assert text(found) == "2"
    assert found.proposals == ("first",)


def test_many_proposals_that_agree_end_the_search_though_the_digit_is_not_sure():
    unsure = np.where(np.arange(10) == 2, 0.5, 0.5 / 9).astype(np.float32)
    page = draw(strokes("2", height=60, pen=6).astype(float))
    found = search(page, lambda images: np.tile(unsure, (len(images), 1)), reject_threshold=0.3)
    assert text(found) == "2"
    assert 1 < len(found.proposals) < 8


def test_strokes_of_varying_pressure_are_read(reader: Recognizer):
    mask = strokes("25", height=90, pen=8)
    pressure = np.linspace(0.15, 1, mask.shape[0])[:, None]
    assert reader.read(draw(mask * pressure)).text == "25"


def test_a_thin_red_line_far_below_is_ignored(reader: Recognizer):
    page = draw(np.pad(strokes("25", height=90, pen=14), ((0, 200), (0, 0))).astype(float))
    page[-20:-17, 20:-20] = (220, 0, 0)
    assert reader.read(page).text == "25"


def test_a_soft_shadow_beside_a_digit_is_ignored(reader: Recognizer):
    intensity = np.pad(strokes("7", height=90, pen=8).astype(float), ((0, 0), (0, 300)))
    y, x = np.mgrid[: intensity.shape[0], : intensity.shape[1]]
    shadow = np.exp(-((x - 300) ** 2 / 2000 + (y - 90) ** 2 / 1500))
    assert reader.read(draw(np.maximum(intensity, shadow), paper=230)).text == "7"


def test_a_dark_edge_of_the_page_is_ignored(reader: Recognizer):
    page = draw(strokes("25", height=90, pen=8, margin=80) * 0.9, paper=230)
    page[:, :30] = 25
    assert reader.read(page).text == "25"


def test_touching_digits_are_cut(reader: Recognizer):
    assert reader.read(draw(strokes("0250", height=90, pen=8, gap=6).astype(float))).text == "0250"


def test_boxes_of_a_large_picture_are_in_its_pixels(reader: Recognizer):
    small = digit_picture(3, side=200)
    page = np.repeat(np.repeat(small, 6, axis=0), 6, axis=1)
    rng = np.random.default_rng(0)
    page = np.clip(page + rng.normal(0, 12, page.shape), 0, 255).astype(np.uint8)
    page[:, :80] = 30  # so that the first reading leaves something unexplained
    [digit] = [d for d in reader.read(page).digits if not d.rejected]
    x0, y0, x1, y1 = digit.box
    assert digit.digit == 3
    assert 200 < x0 < 600 < x1 < 1000
    assert 200 < y0 < 600 < y1 < 1000


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_has_no_digits(find: Callable[[np.ndarray], Found], level: int):
    found = find(np.full((80, 120, 3), level, np.uint8))
    assert found.digits == []
    assert found.intensity.shape == (80, 120)


def test_specks_are_no_digits(find: Callable[[np.ndarray], Found]):
    page = np.full((120, 160, 3), 255, np.uint8)
    for y, x in ((20, 30), (60, 100), (90, 50)):
        page[y : y + 3, x] = 0
    assert find(page).digits == []


@pytest.mark.slow
def test_a_page_of_120_digits_is_read(reader: Recognizer):
    lines = ["0123456789"] * 12
    rows = [digit_row(line) for line in lines]
    page = np.concatenate(rows, axis=0)
    assert reader.read(page).lines == lines


def digit_row(line: str) -> np.ndarray:
    return np.concatenate([digit_picture(int(digit), side=60) for digit in line], axis=1)


NOISE = np.where(np.random.default_rng(0).random((20, 60)) < 0.5, 255, 0).astype(np.uint8)


def unlikely(images: np.ndarray) -> np.ndarray:
    return np.full((len(images), 10), 0.1, np.float32)


def plausible(images: np.ndarray) -> np.ndarray:
    """Return another digit for nearly every image, so that no two proposals agree."""
    return np.eye(10, dtype=np.float32)[images.sum(axis=(1, 2), dtype=int) % 10] * 0.85 + 0.015


@pytest.mark.parametrize(
    ("picture", "classify", "limit"),
    [
        (NOISE, unlikely, "max_implausible_crops"),
        (np.where(strokes("4490", gap=0), 20, 240).astype(np.uint8), plausible, "max_crops"),
    ],
)
def test_the_search_ends_after_so_many_crops(picture: np.ndarray, classify: Probabilities, limit: str):
    pixels = np.repeat(picture[..., None], 3, axis=2)
    early, late = (search(pixels, classify, 0.95, SearchParams(**{limit: n})) for n in (10, 10_000))
    assert early.digits == late.digits == []
    assert len(early.proposals) < len(late.proposals)


def test_a_large_texture_is_not_searched_to_the_end():
    pixels = np.repeat(NOISE[..., None], 3, axis=2)
    early, late = (search(pixels, plausible, 0.5, SearchParams(max_crop_pixels=n)) for n in (100, 10_000_000))
    assert early.digits == []
    assert len(early.proposals) < len(late.proposals)
