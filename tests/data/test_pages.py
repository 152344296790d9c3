"""Generated pages: the same for the same seed, with masks that lie where the strokes are, in every condition."""

import io
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from scipy import ndimage

from digitjax.config import Data
from digitjax.data import pages, pipeline
from digitjax.data.pages import CONDITIONS, LINES, ONE_DIGIT, WITHOUT_DIGITS, Condition, Page
from digitjax.data.pages.glyphs import UNIT, Hand, Style, draw_digit
from digitjax.data.pages.layout import written
from digitjax.data.pipeline import Split

pytestmark = pytest.mark.slow  # hundreds of pages are drawn

QUICK = [name for name in CONDITIONS if name not in ("4000 pixels", "120 digits")]


@pytest.fixture(scope="module")
def digits() -> Split:
    return pipeline.load(Data(name="digits")).test


def first_page(digits: Split, name: str, seed: int = 0, condition: Condition | None = None) -> Page:
    condition = condition or CONDITIONS[name]
    count = 120 if condition.shows_digits else 1
    return next(pages.generate_pages(digits.images[:count], digits.labels[:count], name, condition, seed))


def loaded(page: Page) -> np.ndarray:
    """Return the grey pixels of the file of a page as displayed, 0 to 1."""
    assert page.file is not None
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(page.file)))
    if image.mode == "LA":
        values = np.asarray(image).astype(float)
        return 1 - values[..., 1] / 255
    grey = np.asarray(image if image.mode.startswith("I") else image.convert("L")).astype(float)
    return grey / {"I;16": 65535 if grey.max() > 4095 else 4095}.get(image.mode, 255)


@pytest.mark.parametrize("name", QUICK)
def test_a_page_is_the_same_for_the_same_seed_and_shows_what_it_says(digits: Split, name: str):
    page, again = (first_page(digits, name) for _ in range(2))
    np.testing.assert_array_equal(page.pixels, again.pixels)
    assert page.file == again.file
    assert page.pixels.dtype == np.uint8
    height, width = page.pixels.shape[:2]
    if name in WITHOUT_DIGITS:
        assert page.digits == () == page.lines
        assert not page.foreground().any()
        return
    low, high = CONDITIONS[name].count
    assert low <= len(page.digits) <= high
    assert "".join(page.lines) == "".join(str(label) for label in digits.labels[: len(page.digits)])
    for digit in page.digits:
        x0, y0, x1, y1 = digit.box
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height
        assert digit.mask.shape == (y1 - y0, x1 - x0)
        assert all(
            edge.any() for edge in (digit.mask[0], digit.mask[-1], digit.mask[:, 0], digit.mask[:, -1])
        )
        assert x0 < digit.center[0] < x1


@pytest.mark.parametrize("name", [name for name, condition in ONE_DIGIT.items() if condition.file is None])
def test_strokes_stand_out_from_the_paper_around_them(digits: Split, name: str):
    page = first_page(digits, name)
    grey = page.pixels if page.pixels.ndim == 2 else page.pixels.mean(axis=2)
    x0, y0, x1, y1 = page.digits[0].box
    window, mask = grey[y0:y1, x0:x1].astype(float), page.digits[0].mask
    assert abs(window[mask].mean() - window[~mask].mean()) > 6


@pytest.mark.parametrize(
    "name", [name for name, condition in ONE_DIGIT.items() if condition.file is not None]
)
def test_a_file_shows_the_page(digits: Split, name: str):
    page = first_page(digits, name)
    assert page.source is page.file
    np.testing.assert_allclose(loaded(page).mean(), page.pixels.mean() / 255, atol=0.01)
    assert loaded(page).shape == page.pixels.shape


@pytest.mark.parametrize("name", ["28x28", "3 lines", "mixed sizes and pens"])
def test_every_image_is_shown_once_and_in_order(digits: Split, name: str):
    images, labels = digits.images[:41], digits.labels[:41]
    shown = [
        d for page in pages.generate_pages(images, labels, name, CONDITIONS[name], 3) for d in page.digits
    ]
    assert [d.index for d in shown] == list(range(41))
    assert [d.label for d in shown] == labels.tolist()


def test_pages_do_not_depend_on_other_conditions(digits: Split):
    alone = first_page(digits, "any colors", 7)
    other = first_page(digits, "another name", 7, CONDITIONS["any colors"])
    assert zlib.crc32(b"any colors") != zlib.crc32(b"another name")
    assert alone.pixels.shape != other.pixels.shape or (alone.pixels != other.pixels).any()
    assert first_page(digits, "any colors", 8).pixels.shape != alone.pixels.shape


def test_the_condition_28x28_shows_the_image_itself(digits: Split):
    np.testing.assert_array_equal(first_page(digits, "28x28").pixels, digits.images[0])
    np.testing.assert_array_equal(first_page(digits, "28x28, negative").pixels, 255 - digits.images[0])


@given(
    number=st.integers(0, 300),
    scale=st.floats(0.4, 8),
    slant=st.floats(-0.3, 0.5),
    turn=st.floats(-15, 15),
    width=st.none() | st.floats(0.03, 0.25),
)
@settings(max_examples=40, derandomize=True)
def test_a_digit_is_drawn_about_as_high_as_asked_for(
    digits: Split, number: int, scale: float, slant: float, turn: float, width: float | None
):
    strokes = draw_digit(digits.images[number], scale, Style(slant, turn, width))
    assert strokes.dtype == np.float32
    assert 0 <= strokes.min() <= strokes.max() <= 1
    assert strokes.max() > 0.3
    assert 0.6 * UNIT * scale < max(strokes.shape) < 1.6 * UNIT * scale + 4


def test_the_finest_pen_leaves_strokes_whole(digits: Split):
    for image in digits.images[:30]:
        thin, whole = (draw_digit(image, 12.0, style) > 0.45 for style in (Style(width=0.004), Style()))
        pieces, expected = (ndimage.label(mask, np.ones((3, 3)))[1] for mask in (thin, whole))
        assert pieces <= expected
        assert thin.mean() < 0.05


@given(count=st.integers(1, 120), rows=st.integers(1, 12), gap=st.floats(-0.1, 2), seed=st.integers(0, 99))
@settings(max_examples=12, derandomize=True)
def test_all_digits_are_on_the_sheet_in_reading_order(
    digits: Split, count: int, rows: int, gap: float, seed: int
):
    layout = written(
        rows, (12, 40), (gap, gap + 0.2), Hand(slant=(-0.1, 0.3), baseline=0.1), (0, 2), (1.5, 2), (-4, 4)
    )
    sheet = layout(digits.images[:count], np.random.default_rng(seed))
    assert [digit.number for digit in sheet.digits] == list(range(count))
    lines = [digit.line for digit in sheet.digits]
    assert lines == sorted(lines)
    assert set(lines) == set(range(min(rows, count)))
    for before, after in zip(sheet.digits, sheet.digits[1:], strict=False):
        if before.line == after.line:
            assert before.box[0] + before.box[2] < after.box[0] + after.box[2]
    assert sheet.box is not None
    assert all(edge >= 0 for edge in sheet.box)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=12, derandomize=True)
def test_any_condition_that_is_drawn_gives_a_page_with_its_digits(digits: Split, seed: int):
    condition = pages.draw_condition(np.random.default_rng(seed))
    page = first_page(digits, "drawn", seed, condition)
    assert page.pixels.dtype == np.uint8
    assert page.foreground().shape == page.pixels.shape[:2]
    assert len(page.digits) >= 1
    assert np.ptp(page.pixels) > 20


def test_no_two_conditions_have_one_name():
    assert len(CONDITIONS) == len(ONE_DIGIT) + len(LINES) + len(WITHOUT_DIGITS)
    assert len(ONE_DIGIT) >= 46
    assert max(condition.count[1] for condition in LINES.values()) == 120
    assert all(not condition.shows_digits for condition in WITHOUT_DIGITS.values())
    assert all(condition.shows_digits for condition in (*ONE_DIGIT.values(), *LINES.values()))


def test_the_largest_pages_have_the_size_that_they_say(digits: Split):
    page = first_page(digits, "4000 pixels")
    assert 3000 < max(page.pixels.shape) < 5000
    page = first_page(digits, "120 digits")
    assert len(page.digits) == 120
    assert len(page.lines) == 10
