"""Crops of generated pages with what a network should find in them: the strokes of digits, and votes for digits."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float16, Float32, Int, Int32, UInt8
from PIL import Image
from scipy import ndimage

from digitjax.data import outliers
from digitjax.data.pages import Condition, Page, draw_condition, generate_page
from digitjax.data.pages.conditions import MIXED, PENS, PLAIN_HAND, UNEVEN
from digitjax.data.pages.glyphs import Hand
from digitjax.data.pages.layout import Layout, blank, written
from digitjax.imaging.local_contrast import CHANNELS, VOTE_UNIT, local_contrast, resize_picture

SIDE = 160
"""Height and width of a crop, in pixels."""

_USUAL_HEIGHTS, _ALL_HEIGHTS = (18, 50), (11, 90)  # of digits in a crop, in pixels
_USUAL_SHARE = 0.75  # share of the crops with digits of usual height
_MIN_HEIGHT = 7.5  # of a digit on the page that is enlarged to the crop, in pixels
_MAX_DIGITS = 60  # of a page; drawing one takes up to two milliseconds
_STRAIGHT = (1, 4, 7)  # digits whose straight stems are easily taken for ruled lines
_STRAIGHT_SHARE = 0.15  # of digits that are drawn from those
_BLANK_SHARE, _OUTLIER_SHARE, _MIXED_SHARE = 0.06, 0.06, 0.14  # pages without digits, of outliers, of both
_PLAIN_SHARE = 0.4  # of pages with nothing on the paper but the writing

_HANDS = (
    PLAIN_HAND,
    UNEVEN,
    PENS,
    MIXED,
    Hand(slant=(-0.1, 0.3), turn=(-6, 6), width=(0.008, 0.04), baseline=0.05),
    Hand(slant=(-0.1, 0.3), turn=(-6, 6), width=(0.03, 0.08), baseline=0.05),
    Hand(slant=(-0.1, 0.3), turn=(-6, 6), growth=(0.0, 0.1), baseline=0.05),
)
_GAPS = ((0.15, 0.5), (-0.12, 0.12), (0.3, 1.2), (0.8, 2.5))


class PageCrops(NamedTuple):
    """Crops as arrays."""

    inputs: Float16[np.ndarray, "n side side 5"]
    """Local contrast of their pixels; 0 beyond the page."""
    foreground: UInt8[np.ndarray, "n side side"]
    """Share of each pixel that is the stroke of a digit, 0 to 255."""
    votes: Float16[np.ndarray, "n half half 3"]
    """At half the resolution: the way from each pixel to the middle of its digit, to the right and down, and the
    digit's height, in units of `VOTE_UNIT` pixels; 0 where there is no stroke."""


class PageCropSampler:
    """Draws crops; the same seed and number always give the same crop."""

    def __init__(
        self,
        images: UInt8[np.ndarray, "n 28 28"],
        labels: Int[np.ndarray, " n"],
        seed: int,
        outlier_count: int = 400,
    ):
        """Prepare.

        Args:
            images: digits, light strokes on a dark ground, uint8 (n, 28, 28).
            labels: what they are, int (n,).
            seed: of all crops.
            outlier_count: different outliers on the pages; drawing one takes some milliseconds.
        """
        self._images, self._labels, self._seed = images, labels, seed
        self._straight = np.flatnonzero(np.isin(labels, _STRAIGHT))
        self._outliers = outliers.generate(outlier_count, seed)

    def draw(self, first: int, count: int) -> PageCrops:
        """Draw crops.

        Args:
            first: number of the first.
            count: how many.

        Returns:
            The crops.
        """
        crops = PageCrops(
            np.zeros((count, SIDE, SIDE, CHANNELS), np.float16),
            np.zeros((count, SIDE, SIDE), np.uint8),
            np.zeros((count, SIDE // 2, SIDE // 2, 3), np.float16),
        )
        for i in range(count):
            rng = np.random.default_rng([self._seed, first + i])
            page, zoom = self._draw_page(rng)
            _crop(_fields(page, zoom), [array[i] for array in crops], rng)
        return crops

    def _draw_page(self, rng: np.random.Generator) -> tuple[Page, float]:
        """Draw a page, and the pixels of the crop to one of the page."""
        height = float(
            np.exp(rng.uniform(*np.log(_USUAL_HEIGHTS if rng.random() < _USUAL_SHARE else _ALL_HEIGHTS)))
        )
        zoom = 1.0
        if (kind := rng.random()) < 0.3:
            zoom = min(rng.uniform(1.1, 3.5), max(1.0, height / _MIN_HEIGHT))
        elif kind < 0.5:
            zoom = rng.uniform(0.35, 0.9)
        kind = rng.random()
        if kind < _BLANK_SHARE:
            side = round(SIDE / zoom)
            layout, count = blank(side, side, (height / zoom, height / zoom)), 0
        else:
            layout, count = _draw_layout(height, height / zoom, rng)
        images, labels = self._draw_images(count, rng)
        return generate_page(images, labels, _draw_condition(layout, rng), rng), zoom

    def _draw_images(
        self, count: int, rng: np.random.Generator
    ) -> tuple[UInt8[np.ndarray, "count 28 28"], Int[np.ndarray, " count"]]:
        """Draw digits, on some pages outliers among them or in their place."""
        index = rng.integers(len(self._images), size=count)
        if len(self._straight):
            straight = self._straight[rng.integers(len(self._straight), size=count)]
            index = np.where(rng.random(count) < _STRAIGHT_SHARE, straight, index)
        images, labels = self._images[index], self._labels[index]
        kind = rng.random()
        if kind < _OUTLIER_SHARE + _MIXED_SHARE:
            share = 1.0 if kind < _OUTLIER_SHARE else rng.uniform(0.1, 0.7)
            replaced = rng.random(count) < share
            drawn = self._outliers[rng.integers(len(self._outliers), size=count)]
            images = np.where(replaced[:, None, None], drawn, images)
            labels = np.where(replaced, outliers.OUTLIER_LABEL, labels)
        return images, labels


def _draw_layout(height: float, page_height: float, rng: np.random.Generator) -> tuple[Layout, int]:
    """Draw a layout and the number of its digits, about as many as fill a crop.

    Args:
        height: of a digit in the crop, in pixels.
        page_height: the same on the page.
        rng: random numbers.
    """
    gap = _GAPS[rng.integers(len(_GAPS))]
    columns = int(np.clip(1.2 * SIDE / (height * (0.75 + max(0.0, sum(gap) / 2))), 1, 14))
    rows, margin = 1, (0.02, 2.0 if rng.random() < 0.25 else max(1.0, SIDE / height - 1))
    if (kind := rng.random()) < 0.25:
        columns = 1
    elif kind < 0.6:
        columns = int(rng.integers(1, columns + 1))
    else:
        rows = int(rng.integers(1, max(2, round(1.2 * SIDE / (1.5 * height))) + 1))
    hand = _HANDS[rng.integers(len(_HANDS))]
    tilt = (-6, 6) if rng.random() < 0.4 else (0, 0)
    layout = written(rows, (page_height, page_height), gap, hand, margin, (1.25, 2.2), tilt)
    return layout, min(rows * columns, _MAX_DIGITS)


def _draw_condition(layout: Layout, rng: np.random.Generator) -> Condition:
    condition = replace(draw_condition(rng), layout=layout)
    return replace(condition, paper=()) if rng.random() < _PLAIN_SHARE else condition


def _fields(
    page: Page, zoom: float
) -> tuple[Float32[np.ndarray, "h w 5"], UInt8[np.ndarray, "h w"], Float32[np.ndarray, "h2 w2 3"]]:
    """Return the contrast, the foreground and the votes of a whole page, enlarged or reduced."""
    pixels = page.pixels if page.pixels.ndim == 3 else np.repeat(page.pixels[..., None], 3, axis=2)
    height, width = (max(2, round(side * zoom)) for side in pixels.shape[:2])
    digits = [digit for digit in page.digits if digit.label != outliers.OUTLIER_LABEL]
    owners = np.zeros(pixels.shape[:2], np.int32)
    for number, digit in enumerate(digits, start=1):
        x0, y0, x1, y1 = digit.box
        owners[y0:y1, x0:x1][digit.mask] = number
    strokes = owners > 0
    if zoom < 0.5:  # else hairlines would cover too little of a pixel
        strokes = ndimage.binary_dilation(strokes)
    mask = Image.fromarray(strokes.astype(np.uint8) * np.uint8(255))
    foreground = np.asarray(mask.resize((width, height), Image.Resampling.BILINEAR))
    half = Image.fromarray(owners).resize(((width + 1) // 2, (height + 1) // 2), Image.Resampling.NEAREST)
    boxes = np.array([digit.box for digit in digits], np.float32).reshape(-1, 4) * np.float32(zoom)
    return local_contrast(resize_picture(pixels, height, width)), foreground, _votes(np.asarray(half), boxes)


def _crop(sources: Sequence[np.ndarray], targets: Sequence[np.ndarray], rng: np.random.Generator) -> None:
    """Write the same random crop of fields into arrays that are 0; smaller fields lie in it at random.

    Args:
        sources: fields of a page, some at half the resolution.
        targets: an array for each.
        rng: random numbers.
    """
    spare = [(side - SIDE) // 2 for side in sources[0].shape[:2]]
    starts = [2 * int(rng.integers(min(0, s), max(0, s) + 1)) for s in spare]  # even, for the half resolution
    for source, target in zip(sources, targets, strict=True):
        side = target.shape[0]
        step = SIDE // side
        (top, left), (y, x) = ([max(0, sign * s // step) for s in starts] for sign in (1, -1))
        part = source[top : top + side - y, left : left + side - x]
        target[y : y + part.shape[0], x : x + part.shape[1]] = part


def _votes(
    owners: Int32[np.ndarray, "h w"], boxes: Float32[np.ndarray, "n 4"]
) -> Float32[np.ndarray, "h w 3"]:
    """Return the votes for digits at half the resolution.

    Args:
        owners: number of the digit whose stroke a pixel is, from 1, at half the resolution.
        boxes: of the digits, in pixels.
    """
    votes = np.zeros((*owners.shape, 3), np.float32)
    rows, columns = np.nonzero(owners)
    x0, y0, x1, y1 = boxes[owners[rows, columns] - 1].T
    across, down = (x0 + x1) / 2 - 2 * columns - 1, (y0 + y1) / 2 - 2 * rows - 1
    votes[rows, columns] = np.stack([across, down, y1 - y0], axis=1) / VOTE_UNIT
    return votes
