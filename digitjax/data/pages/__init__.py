"""Generated pages, from a seed: layout, strokes, paper, light and camera, a module each, and a table of conditions."""

from digitjax.data.pages.condition import Condition
from digitjax.data.pages.conditions import CONDITIONS, LINES, ONE_DIGIT, WITHOUT_DIGITS, draw_condition
from digitjax.data.pages.generate import Page, PageDigit, generate_page, generate_pages

__all__ = [
    "CONDITIONS",
    "LINES",
    "ONE_DIGIT",
    "WITHOUT_DIGITS",
    "Condition",
    "Page",
    "PageDigit",
    "draw_condition",
    "generate_page",
    "generate_pages",
]
