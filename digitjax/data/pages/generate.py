"""Generated pages: digits on paper of any kind, with their true text, boxes and masks."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int, UInt8

from digitjax.data import outliers
from digitjax.data.pages.camera import to_uint8
from digitjax.data.pages.condition import Condition
from digitjax.data.pages.fields import as_color, blend
from digitjax.data.pages.layout import Sheet

MAX_DRAWINGS = 400
"""Different drawings in the pages of one condition; drawing one takes some milliseconds."""


@dataclass(frozen=True)
class PageDigit:
    """One digit of a page."""

    label: int
    index: int
    """Index of its image among those that the pages were made of."""
    line: int
    """Number of its line, 0 at the top."""
    box: tuple[int, int, int, int]
    """x0, y0, x1, y1: half-open intervals of pixels around its mask."""
    mask: Bool[np.ndarray, "h w"]
    """Where its strokes are, in the box."""

    @property
    def center(self) -> tuple[float, float]:
        """Middle of its box, x and y in pixels."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


@dataclass(frozen=True)
class Page:
    """A generated page and what is on it."""

    pixels: np.ndarray
    """As displayed: uint8 (h, w), or (h, w, 3) where it has a color."""
    file: bytes | None
    """The page as a file, where its condition asks for one."""
    digits: tuple[PageDigit, ...]
    """In reading order; none on a page without digits."""

    @property
    def source(self) -> np.ndarray | bytes:
        """What a recognizer reads: the file, or else the pixels."""
        return self.pixels if self.file is None else self.file

    @property
    def lines(self) -> tuple[str, ...]:
        """The true text, a string a line."""
        count = self.digits[-1].line + 1 if self.digits else 0
        return tuple("".join(str(d.label) for d in self.digits if d.line == line) for line in range(count))

    def foreground(self) -> Bool[np.ndarray, "h w"]:
        """Return where the strokes of digits are: the target of a network that finds them."""
        mask = np.zeros(self.pixels.shape[:2], bool)
        for digit in self.digits:
            x0, y0, x1, y1 = digit.box
            mask[y0:y1, x0:x1] |= digit.mask
        return mask


def generate_page(
    images: UInt8[np.ndarray, "n 28 28"],
    labels: Int[np.ndarray, " n"],
    condition: Condition,
    rng: np.random.Generator,
    first: int = 0,
) -> Page:
    """Generate one page. A pure function of its arguments and the state of `rng`.

    Args:
        images: the digits of the page in reading order, light strokes on a dark ground, uint8 (n, 28, 28).
        labels: what they are, int (n,).
        condition: how they are shown.
        rng: random numbers.
        first: index of the first image, for `PageDigit.index`.

    Returns:
        The page.
    """
    sheet = condition.layout(images, rng)
    pixels = to_uint8(_render(sheet, condition, rng))
    digits = tuple(
        PageDigit(int(labels[d.number]), first + d.number, d.line, d.box, d.mask)
        for d in sheet.digits
        if condition.shows_digits
    )
    return Page(pixels, condition.file(pixels) if condition.file else None, digits)


def generate_pages(
    images: UInt8[np.ndarray, "n 28 28"],
    labels: Int[np.ndarray, " n"],
    name: str,
    condition: Condition,
    seed: int,
) -> Iterator[Page]:
    """Yield pages that show each image once; where a condition shows no digit, a page for each image.

    Args:
        images: digits, light strokes on a dark ground, uint8 (n, 28, 28).
        labels: what they are, int (n,).
        name: of the condition; pages depend on it and on the seed alone, not on other conditions.
        condition: how digits are shown.
        seed: of the pages.

    Yields:
        The pages in order of their images. The last may hold fewer digits than the condition asks for.
    """
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    low, high = condition.count
    if not condition.shows_digits:
        drawings = _draw_outliers(condition.drawings, min(MAX_DRAWINGS, high * len(images)), rng)
        for _ in range(len(images)):
            shown = drawings[rng.permutation(len(drawings))[: rng.integers(low, high + 1)]]
            yield generate_page(shown, np.full(len(shown), outliers.OUTLIER_LABEL), condition, rng)
        return
    first = 0
    while first < len(images):
        last = min(first + int(rng.integers(low, high + 1)), len(images))
        yield generate_page(images[first:last], labels[first:last], condition, rng, first)
        first = last


def _render(sheet: Sheet, condition: Condition, rng: np.random.Generator) -> np.ndarray:
    strokes = sheet.strokes
    for stroke_step in condition.strokes:
        strokes = stroke_step(strokes, sheet, rng)
    ground, pen = condition.colors(rng)
    pixels = np.broadcast_to(as_color(ground), (*strokes.shape, len(as_color(ground))))
    for step in condition.paper:
        pixels = step(pixels, sheet, rng)
    pixels = blend(pixels, strokes, pen)
    for step in (*condition.light, *condition.camera):
        pixels = step(pixels, sheet, rng)
    return pixels


def _draw_outliers(
    kinds: tuple[str, ...], count: int, rng: np.random.Generator
) -> UInt8[np.ndarray, "count 28 28"]:
    """Draw so many outliers of some kinds."""
    found = np.zeros((0, 28, 28), np.uint8)
    while len(found) < count:
        images, names = outliers.generate_kinds(2 * count, int(rng.integers(2**31)))
        found = np.concatenate([found, images[np.isin(names, kinds)]])
    return found[:count]
