"""The stage that lost a digit, on readings that lose one on purpose."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitjax.config import Data
from digitjax.data import pages, pipeline
from digitjax.data.pages import CONDITIONS, Page
from digitjax.evaluation.metrics import edit_distance
from digitjax.imaging.decode import decode
from digitjax.recognition.lost_digits import align, match_boxes, score_page
from digitjax.recognition.recognizer import Digit, Reading

GREY = np.zeros((28, 28), np.uint8)


@pytest.fixture(scope="module")
def page() -> Page:
    """A page of five digits."""
    digits = pipeline.load(Data(name="digits")).test
    name = "5 digits, gap 0.2"
    return next(pages.generate_pages(digits.images, digits.labels, name, CONDITIONS[name], 0))


def perfect_digits(page: Page) -> list[Digit]:
    return [Digit(d.label, 1.0, (0.1,) * 10, d.box, d.line, False, GREY) for d in page.digits]


def reading(page: Page, digits: Sequence[Digit], foreground: np.ndarray | None = None) -> Reading:
    intensity = (page.foreground() if foreground is None else foreground).astype(np.float32)
    return Reading(tuple(digits), decode(page.pixels), intensity)


def without_foreground(page: Page) -> np.ndarray:
    x0, y0, x1, y1 = page.digits[2].box
    foreground = page.foreground()
    foreground[y0:y1, x0:x1] = False
    return foreground


def drowned(page: Page) -> np.ndarray:
    x0, y0, x1, y1 = page.digits[2].box
    foreground = page.foreground()
    foreground[y0:y1, x0:x1] = True
    return foreground


def test_a_perfect_reading_loses_nothing(page: Page):
    score = score_page(page, reading(page, perfect_digits(page)))
    assert score.exact
    assert score.lost == ()
    assert score.extra == score.digit_errors == 0


@pytest.mark.parametrize(
    ("stage", "change", "foreground", "extra"),
    [
        ("segmentation", lambda d: None, None, 0),
        ("foreground", lambda d: None, without_foreground, 0),
        ("foreground", lambda d: None, drowned, 0),
        ("rejection", lambda d: replace(d, rejected=True), None, 0),
        ("classifier", lambda d: replace(d, digit=(d.digit + 1) % 10), None, 1),
        ("segmentation", lambda d: replace(d, digit=(d.digit + 1) % 10, box=(0, 0, 9, 9)), None, 1),
    ],
)
def test_the_stage_that_lost_a_digit_is_named(
    page: Page,
    stage: str,
    change: Callable[[Digit], Digit | None],
    foreground: Callable[[Page], np.ndarray] | None,
    extra: int,
):
    digits = perfect_digits(page)
    changed = change(digits[2])
    digits[2:3] = [] if changed is None else [changed]
    score = score_page(page, reading(page, digits, foreground(page) if foreground else None))
    assert not score.exact
    assert score.lost == ((page.digits[2], stage),)
    assert score.extra == extra
    assert score.digit_errors == 1


def test_a_digit_that_is_read_twice_is_extra(page: Page):
    digits = perfect_digits(page)
    digits.insert(2, replace(digits[2], box=(0, 0, 9, 9)))
    score = score_page(page, reading(page, digits))
    assert score.lost == ()
    assert score.extra == score.digit_errors == 1


def test_the_foreground_may_have_fewer_pixels_than_the_page(page: Page):
    digits = perfect_digits(page)[:4]
    half = score_page(page, reading(page, digits, page.foreground()[::2, ::2]))
    assert half.lost == ((page.digits[4], "segmentation"),)


def test_boxes_match_where_they_are_about_the_same(page: Page):
    digits = perfect_digits(page)
    assert match_boxes(page.digits, digits) == {n: n for n in range(5)}
    x0, y0, x1, y1 = page.digits[0].box
    side = max(x1 - x0, y1 - y0)
    nearly = [replace(digits[0], box=(x0, y0, x1, y1 + side // 5))]
    assert match_boxes(page.digits, nearly) == {0: 0}
    larger = [replace(digits[0], box=(x0, y0, x1, y1 + side // 2))]
    assert match_boxes(page.digits, larger) == {}
    assert match_boxes(page.digits, []) == match_boxes([], digits) == {}


@given(st.text("012", max_size=12), st.text("012", max_size=12))
def test_an_alignment_has_as_many_errors_as_the_edit_distance(a: str, b: str):
    costs = np.array([[float(x != y) for y in b] for x in a]).reshape(len(a), len(b))
    pairs = align(costs)
    assert pairs == sorted(pairs)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    errors = len(a) + len(b) - 2 * len(pairs) + sum(costs[pair] for pair in pairs)
    assert errors == edit_distance(a, b)
