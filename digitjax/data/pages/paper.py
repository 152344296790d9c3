"""What a page is written on, and what else is on it: ruling, forms, lines, a logo, the other side, the desk."""

import itertools

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from digitjax.data.pages.fields import (
    Color,
    Field,
    Pixels,
    Step,
    as_color,
    blend,
    grid_noise,
    half_plane,
    smooth_field,
    stripes,
)
from digitjax.data.pages.layout import Sheet

BLUE_RULE: Color = (0.62, 0.74, 0.88)
"""Color of printed ruling."""
_OVERSAMPLING = 2  # pixels in which lines are drawn to one of the page


def ruled(
    spacing: float = 1.7, color: Color = BLUE_RULE, squared: bool = False, width: float = 0.025
) -> Step:
    """Rule the paper; the first line of digits stands on a rule.

    Args:
        spacing: from rule to rule, in heights of a digit.
        color: of the rules.
        squared: whether there are upright rules too.
        width: of a rule, in heights of a digit.

    Returns:
        The step.
    """

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        apart, pen = spacing * sheet.height, max(0.8, width * sheet.height)
        slope = float(rng.normal(0, 0.008))
        base = (
            sheet.lines[0][3] + rng.uniform(-0.02, 0.1) * sheet.height
            if sheet.digits
            else rng.uniform(0, apart)
        )
        coverage = stripes(pixels.shape, apart, base, pen, slope)
        if squared:
            upright = stripes(pixels.shape[1::-1], apart, rng.uniform(0, apart), pen, -slope)
            coverage = np.maximum(coverage, upright.T)
        return blend(pixels, coverage, color)

    return step


def boxes(color: Color = 0.35, width: float = 0.03, separate: bool = False) -> Step:
    """Print the boxes of a form, one around each digit.

    Args:
        color: of their frames.
        width: of their frames, in heights of a digit.
        separate: whether each box stands alone, else neighbors share a side.

    Returns:
        The step.
    """

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        pen, around = max(1.0, width * sheet.height), rng.uniform(0.14, 0.3) * sheet.height
        segments: list[tuple[float, float, float, float]] = []
        for number, (left, top, right, bottom) in enumerate(sheet.lines):
            digits = [d.box for d in sheet.digits if d.line == number]
            walls = [(left - around, left - around)]
            for before, after in itertools.pairwise(digits):
                middle, half = (before[2] + after[0]) / 2, (after[0] - before[2]) / 6 if separate else 0
                walls.append((middle - half, middle + half))
            walls.append((right + around, right + around))
            y0, y1 = top - around, bottom + around
            segments += [(x, y0, x, y1) for pair in walls for x in set(pair)]
            segments += [(a[1], y, b[0], y) for a, b in itertools.pairwise(walls) for y in (y0, y1)]
        return blend(pixels, _draw_lines(pixels.shape, segments, pen), color)

    return step


def underlines(
    color: Color | None = None, width: float = 0.06, distance: tuple[float, float] = (0.15, 0.35)
) -> Step:
    """Draw a line by hand below each line of digits.

    Args:
        color: of the line; None for one as dark as most pens.
        width: of the line, in heights of a digit.
        distance: from the digits, in heights of a digit.

    Returns:
        The step.
    """

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        segments = []
        for left, _, right, bottom in sheet.lines:
            y = bottom + rng.uniform(*distance) * sheet.height
            ends = rng.uniform(-0.2, 0.3, 2) * sheet.height
            bend = rng.normal(0, 0.03) * sheet.height
            middle = (left + right) / 2
            segments += [
                (left - ends[0], y, middle, y + bend),
                (middle, y + bend, right + ends[1], y + bend / 2),
            ]
        pen = max(1.0, width * sheet.height)
        tone = 0.15 if color is None else color
        return blend(pixels, _draw_lines(pixels.shape, segments, pen), tone)

    return step


def bar(rows: tuple[int, int], columns: tuple[int, int], color: Color) -> Step:
    """Fill a rectangle with a color.

    Args:
        rows: first and last, half-open, in pixels.
        columns: first and last, half-open, in pixels.
        color: of the rectangle.

    Returns:
        The step.
    """

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        coverage = np.zeros(pixels.shape[:2], np.float32)
        coverage[slice(*rows), slice(*columns)] = 1
        return blend(pixels, coverage, color)

    return step


def stray_line(color: Color = (0.8, 0.1, 0.1), width: float = 0.04) -> Step:
    """Draw one straight line that is no part of the digits, below them or above.

    Args:
        color: of the line.
        width: of the line, in heights of a digit.

    Returns:
        The step.
    """

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        height, page_width = pixels.shape[:2]
        _, top, _, bottom = sheet.box or (0, height // 2, 0, height // 2)
        room = (
            (bottom + 0.25 * sheet.height, height)
            if height - bottom >= top
            else (0, top - 0.25 * sheet.height)
        )
        y = rng.uniform(min(room), max(room), 1) + rng.normal(0, 0.05, 2) * sheet.height
        y = np.clip(y, *sorted(room))
        x = np.sort(rng.uniform(0, page_width, 2)) if rng.random() < 0.5 else np.array([0.0, page_width])
        coverage = _draw_lines(pixels.shape, [(x[0], y[0], x[1], y[1])], max(1.0, width * sheet.height))
        return blend(pixels, coverage, color)

    return step


def logo() -> Step:
    """Print a mark in a corner, where there is room: a filled shape with lines of type beside it."""

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        height, width = pixels.shape[:2]
        _, top, _, _ = sheet.box or (0, height // 3, 0, height)
        size = min(rng.uniform(0.5, 1.0) * sheet.height, 0.7 * top, width / 5)
        if size < 6:
            return pixels
        x, y = rng.uniform(0.2, 0.5) * size, rng.uniform(0.1, 0.25) * top
        mark = Image.new("L", (width * _OVERSAMPLING, height * _OVERSAMPLING))
        pen = ImageDraw.Draw(mark)
        area = [_OVERSAMPLING * v for v in (x, y, x + size, y + size)]
        (pen.ellipse if rng.random() < 0.5 else pen.rectangle)(area, 255)
        inner = [_OVERSAMPLING * v for v in (x + 0.3 * size, y + 0.3 * size, x + 0.7 * size, y + 0.7 * size)]
        pen.ellipse(inner, 0)
        for row in range(3):
            line = y + (0.15 + 0.3 * row) * size
            start, length = x + 1.3 * size, rng.uniform(1.2, 2.4) * size
            bars = [_OVERSAMPLING * v for v in (start, line, start + length, line + 0.12 * size)]
            pen.rectangle(bars, 255)
        coverage = np.asarray(mark.reduce(_OVERSAMPLING), np.float32) / 255
        return blend(pixels, coverage, tuple(rng.uniform(0.05, 0.75, 3).tolist()))

    return step


def show_through(strength: float) -> Step:
    """Let the writing of the other side show through, mirrored and blurred, by so much of the light."""

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        other = np.roll(sheet.strokes[:, ::-1], rng.integers(1, max(2, int(sheet.height)), 2), axis=(0, 1))
        other = ndimage.gaussian_filter(other, max(0.7, sheet.height / 40))
        return pixels * (1 - np.float32(strength) * other[..., None])

    return step


def texture(amount: float, size: float | int = 1.5) -> Step:
    """Give the paper fibers and clouds.

    Args:
        amount: standard deviation of its light.
        size: of its grains, in pixels.

    Returns:
        The step.
    """

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        fine, coarse = grid_noise(pixels.shape, size, rng), smooth_field(pixels.shape, 12, rng)
        return pixels * (1 + np.float32(amount) * (fine + 2 * coarse - 1))[..., None]

    return step


def wood(amount: float = 0.25) -> Step:
    """Give the ground the bands of wood or of cloth, darker by up to so much."""

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        bands = (
            6 * smooth_field(pixels.shape, 5, rng)
            + np.linspace(0, 12, pixels.shape[0], dtype=np.float32)[:, None]
        )
        return pixels * (1 - np.float32(amount) * (0.5 + 0.5 * np.sin(2 * np.pi * bands)))[..., None]

    return step


def specks(count: int, size: float = 0.04) -> Step:
    """Strew dust.

    Args:
        count: number of specks.
        size: of the largest, in heights of a digit.

    Returns:
        The step.
    """

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        height, width = pixels.shape[:2]
        coverage = Image.new("L", (width, height))
        pen = ImageDraw.Draw(coverage)
        for x, y, share in rng.random((count, 3)):
            radius = share * size * sheet.height / 2
            pen.ellipse(
                (x * width - radius, y * height - radius, x * width + radius, y * height + radius), 200
            )
        return blend(pixels, np.asarray(coverage, np.float32) / 255, 0.2)

    return step


def crease() -> Step:
    """Fold the paper once across and once down, which leaves a light and a dark edge."""

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        wide = max(2.0, sheet.height / 10)
        light = np.ones(pixels.shape[:2], np.float32)
        for angle in (0, 90):
            side = pixels.shape[1] if angle == 0 else pixels.shape[0]
            offset, turned = rng.uniform(-0.3, 0.3) * side, angle + rng.normal(0, 1.5)
            beyond = half_plane(pixels.shape, turned, offset, wide)
            light *= 1 - 0.06 * beyond + 0.12 * beyond * (1 - beyond)
        return pixels * light[..., None]

    return step


def desk(sides: int = 2, tone: Color = 0.12, softness: float | int = 2) -> Step:
    """Show the page on a desk, whose edges lie a little askew and never across a digit.

    Args:
        sides: how many sides of the page are seen, 1 to 4.
        tone: color of the desk.
        softness: width of the edge, in pixels.

    Returns:
        The step.
    """

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        height, width = pixels.shape[:2]
        left, top, right, bottom = sheet.box or (width // 3, height // 3, 2 * width // 3, 2 * height // 3)
        rooms = {0: width - right, 90: height - bottom, 180: left, 270: top}
        coverage = np.zeros(pixels.shape[:2], np.float32)
        for side in rng.permutation(list(rooms))[:sides]:
            long = height if side in (0, 180) else width
            depth = rooms[int(side)] - 0.1 * sheet.height
            tilt = np.arctan(rng.uniform(-0.5, 0.5) * depth / max(long, 1))
            depth -= abs(np.tan(tilt)) * long / 2
            reach = (width if side in (0, 180) else height) / 2
            offset = reach - rng.uniform(0.3, 1) * max(depth, 0)
            coverage = np.maximum(
                coverage, half_plane(pixels.shape, float(side) + np.degrees(tilt), offset, softness)
            )
        grains = (
            1 + 0.25 * grid_noise(pixels.shape, 3, rng) + 0.6 * (smooth_field(pixels.shape, 6, rng) - 0.5)
        )
        surface = as_color(tone) * grains[..., None]
        if surface.shape[2] > pixels.shape[2]:
            pixels = np.repeat(pixels, 3, axis=2)
        return pixels + coverage[..., None] * (surface - pixels)

    return step


def ground_gradient(color: Color) -> Step:
    """Let the color of the ground run into another one, in any direction."""

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        long = max(pixels.shape[:2])
        return blend(pixels, half_plane(pixels.shape, rng.uniform(0, 360), 0, 1.2 * long), color)

    return step


def _draw_lines(
    shape: tuple[int, ...], segments: list[tuple[float, float, float, float]], width: float
) -> Field:
    """Return the coverage of straight lines x0, y0, x1, y1."""
    canvas = Image.new("L", (shape[1] * _OVERSAMPLING, shape[0] * _OVERSAMPLING))
    pen = ImageDraw.Draw(canvas)
    for segment in segments:
        pen.line([_OVERSAMPLING * float(v) for v in segment], 255, max(1, round(_OVERSAMPLING * width)))
    return np.asarray(canvas.reduce(_OVERSAMPLING), np.float32) / 255
