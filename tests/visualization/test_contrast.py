"""The contrast of the text in charts, by plain arithmetic: browsers draw charts where axe-core cannot measure them."""

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("altair")

from PIL import ImageColor

from digitjax.visualization.charts import style

LIGHT, DARK = ("#FFFFFF", "#FAFAF8"), ("#000000", "#262523")
"""The backgrounds of Streamlit's themes lie between these."""
MIN_CONTRAST = 4.5
"""Of text, as WCAG 2.1 AA demands."""
MIN_MARK_CONTRAST = 3.0
"""Of marks without text."""


def luminance(color) -> float:
    """Return the relative luminance of a color, as WCAG defines it."""
    share = np.array(ImageColor.getrgb(color) if isinstance(color, str) else color) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a, b) -> float:
    """Return the contrast of two colors, from 1 to 21."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def between(colors, count=100):
    """Return the colors of a scale between colors."""
    ends = np.array([ImageColor.getrgb(color) for color in colors], float)
    return [a + (b - a) * t for a, b in pairwise(ends) for t in np.linspace(0, 1, count)]


def test_the_contrast_of_known_colors():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#808080", "#FFFFFF") == pytest.approx(3.95, abs=0.01)


@pytest.mark.parametrize("pair", [style.SUBTLE, *style.DIGITS])
def test_text_stands_out_on_its_background(pair):
    for color, backgrounds in zip(pair, (LIGHT, DARK), strict=True):
        assert min(contrast(color, background) for background in backgrounds) >= MIN_CONTRAST


@pytest.mark.parametrize(
    "colors", [*style.SEQUENTIAL, *((style.ORANGE, n, style.BLUE) for n in style.NEUTRAL)]
)
def test_numbers_stand_out_on_every_cell(colors):
    for cell in between(colors):
        text = "#000000" if luminance(cell) > style.TEXT_THRESHOLD else "#FFFFFF"
        assert contrast(text, cell) >= MIN_CONTRAST


@pytest.mark.parametrize("color", [style.BLUE, style.ORANGE, style.GREY])
def test_marks_stand_out_on_both_backgrounds(color):
    assert min(contrast(color, background) for background in ("#FFFFFF", "#161613")) >= MIN_MARK_CONTRAST


def test_a_color_follows_the_background():
    assert style.by_background("red", "blue").to_dict() == {
        "expr": "luminance(background) < 0.5 ? 'blue' : 'red'"
    }


def test_long_subtitles_are_wrapped_to_fit_on_a_phone():
    subtitle = style.title("Title", ["short", "word " * 20]).to_dict()["subtitle"]
    assert subtitle[0] == "short"
    assert len(subtitle) > 2
    assert max(map(len, subtitle)) <= 52
