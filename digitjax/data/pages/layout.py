"""Where the digits of a page are: images of digits to a sheet with the strokes of all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from digitjax.data.pages.glyphs import PLAIN, UNIT, Coverage, Hand, Range, crop_digit, draw_digit, enlarge

STROKE = 0.4
"""Share of a pixel that the pen covers from which it belongs to the mask of a digit."""
_LONG_GAP = 0.05  # share of the gaps in a line that are as wide as a space, where they are mixed


@dataclass(frozen=True)
class PlacedDigit:
    """One digit of a page."""

    number: int
    """Number of its image among those of the page."""
    line: int
    """Number of its line, 0 at the top."""
    box: tuple[int, int, int, int]
    """x0, y0, x1, y1: half-open intervals of pixels around its mask."""
    mask: Bool[np.ndarray, "h w"]
    """Where its strokes are, in the box."""


@dataclass(frozen=True)
class Sheet:
    """The strokes of a page, before paper, light and camera."""

    strokes: Coverage
    digits: tuple[PlacedDigit, ...]
    """In reading order."""
    height: float
    """Usual height of a digit, in pixels."""

    @property
    def lines(self) -> list[tuple[int, int, int, int]]:
        """The box around each line, from the top."""
        boxes: dict[int, list[tuple[int, int, int, int]]] = {}
        for digit in self.digits:
            boxes.setdefault(digit.line, []).append(digit.box)
        return [_surround(boxes[line]) for line in sorted(boxes)]

    @property
    def box(self) -> tuple[int, int, int, int] | None:
        """The box around all digits, where there are any."""
        return _surround([digit.box for digit in self.digits]) if self.digits else None


Layout = Callable[[UInt8[np.ndarray, "n 28 28"], np.random.Generator], Sheet]
"""From the images of a page and random numbers to its sheet."""


def framed(scale: float = 1.0) -> Layout:
    """Show one image whole, with the margins that it has, enlarged so many times."""

    def layout(images: UInt8[np.ndarray, "n 28 28"], rng: np.random.Generator) -> Sheet:
        strokes = enlarge(images[0], scale)
        return _sheet(strokes, [(0, 0, 0, 0, strokes)], UNIT * scale)

    return layout


def cropped(scale: float = 1.0, margin: float = 0.0) -> Layout:
    """Show one digit alone.

    Args:
        scale: pixels of the page to one of the image.
        margin: width of the paper around it, in lengths of its longer side.

    Returns:
        The layout.
    """

    def layout(images: UInt8[np.ndarray, "n 28 28"], rng: np.random.Generator) -> Sheet:
        glyph = enlarge(crop_digit(images[0]), scale)
        around = int(margin * max(glyph.shape))
        shape = (glyph.shape[0] + 2 * around, glyph.shape[1] + 2 * around)
        return _sheet(np.zeros(shape, np.float32), [(0, 0, around, around, glyph)], UNIT * scale)

    return layout


def placed(x: int, y: int, side: int = 1000, scale: float = 4.0) -> Layout:
    """Show one image at a place of a large page.

    Args:
        x: left edge of the image, in pixels.
        y: upper edge of the image, in pixels.
        side: height and width of the page, in pixels.
        scale: pixels of the page to one of the image.

    Returns:
        The layout.
    """

    def layout(images: UInt8[np.ndarray, "n 28 28"], rng: np.random.Generator) -> Sheet:
        glyph = enlarge(images[0], scale)
        return _sheet(np.zeros((side, side), np.float32), [(0, 0, x, y, glyph)], UNIT * scale)

    return layout


def written(
    rows: int = 1,
    height: Range = (60, 60),
    gap: Range = (0.2, 0.2),
    hand: Hand = PLAIN,
    margin: Range = (0.4, 0.4),
    pitch: Range = (1.7, 1.7),
    tilt: Range = (0, 0),
) -> Layout:
    """Write the digits in lines, each about as long as the others.

    Args:
        rows: number of lines; fewer where there are fewer digits.
        height: of a digit, in pixels; drawn once a page, evenly on a logarithmic scale.
        gap: between the boxes of neighbors, in heights; negative where they overlap.
        hand: how digits are written.
        margin: width of the paper on each side, in heights; each side draws its own.
        pitch: distance of the lines, in heights.
        tilt: rise of the lines, in degrees.

    Returns:
        The layout.
    """

    def layout(images: UInt8[np.ndarray, "n 28 28"], rng: np.random.Generator) -> Sheet:
        usual = float(np.exp(rng.uniform(*np.log(height))))
        slope, step = np.tan(np.radians(rng.uniform(*tilt))), rng.uniform(*pitch) * usual
        style = hand.draw_style(rng)
        places: list[tuple[int, int, float, float, Coverage]] = []
        number = 0
        for line, length in enumerate(_line_lengths(len(images), rows)):
            x = rng.uniform(0, 0.5) * usual if rows > 1 else 0.0
            for _ in range(length):
                size = usual / UNIT * rng.uniform(*hand.size)
                style = hand.draw_style(rng) if hand.mixed else style
                glyph = draw_digit(images[number], size, style)
                offset = (
                    float(np.clip(rng.normal(0, hand.baseline), -0.45, 0.45)) * usual
                    if hand.baseline
                    else 0.0
                )
                y = line * step - x * slope + offset - glyph.shape[0] / 2
                places.append((number, line, x, y, glyph))
                space = rng.uniform(*gap) + (gap[1] > gap[0] and rng.random() < _LONG_GAP) * 0.8
                x += glyph.shape[1] + space * usual
                number += 1
        return _paste(places, [rng.uniform(*margin) * usual for _ in range(4)], usual)

    return layout


def blank(height: int, width: int, unit: Range = (30, 80)) -> Layout:
    """Show no digit.

    Args:
        height: of the page, in pixels.
        width: of the page, in pixels.
        unit: height, in pixels, of the digits that there could be, which what is on the paper has for its measure.

    Returns:
        The layout.
    """

    def layout(images: UInt8[np.ndarray, "n 28 28"], rng: np.random.Generator) -> Sheet:
        return Sheet(np.zeros((height, width), np.float32), (), rng.uniform(*unit))

    return layout


def _line_lengths(count: int, rows: int) -> list[int]:
    return [len(part) for part in np.array_split(np.arange(count), max(1, min(rows, count)))]


def _paste(
    places: Sequence[tuple[int, int, float, float, Coverage]], margins: Sequence[float], unit: float
) -> Sheet:
    """Draw all digits on a sheet that has so much paper to the left, above, to the right and below."""
    left = min((x for _, _, x, _, _ in places), default=0.0)
    top = min((y for _, _, _, y, _ in places), default=0.0)
    right = max((x + glyph.shape[1] for _, _, x, _, glyph in places), default=unit)
    bottom = max((y + glyph.shape[0] for _, _, _, y, glyph in places), default=unit)
    shift_x, shift_y = margins[0] - left, margins[1] - top
    size = (int(bottom + shift_y + margins[3]) + 1, int(right + shift_x + margins[2]) + 1)
    moved = [
        (number, line, int(x + shift_x), int(y + shift_y), glyph) for number, line, x, y, glyph in places
    ]
    return _sheet(np.zeros(size, np.float32), moved, unit)


def _sheet(
    strokes: Float32[np.ndarray, "h w"], places: Sequence[tuple[int, int, int, int, Coverage]], unit: float
) -> Sheet:
    """Draw digits on an empty sheet: the number, line, x, y and strokes of each."""
    digits = []
    for number, line, x, y, glyph in places:
        window = strokes[y : y + glyph.shape[0], x : x + glyph.shape[1]]
        np.maximum(window, glyph, out=window)
        mask = glyph > STROKE * min(1.0, float(glyph.max()))
        rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
        if rows.size:
            y0, y1, x0, x1 = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
            box = (x + x0, y + y0, x + x1, y + y1)
            digits.append(PlacedDigit(number, line, box, mask[y0:y1, x0:x1]))
    return Sheet(strokes, tuple(digits), unit)


def _surround(boxes: Sequence[tuple[int, int, int, int]]) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = np.array(boxes).T
    return int(x0.min()), int(y0.min()), int(x1.max()), int(y1.max())
