"""How a page is lit: shade, vignette, shadows with an edge, the color of a lamp."""

import numpy as np

from digitjax.data.pages.fields import Pixels, Step, half_plane, smooth_field
from digitjax.data.pages.layout import Sheet


def ramp(low: float, high: float) -> Step:
    """Let the light rise from left to right.

    Args:
        low: share of it at the left border.
        high: share of it at the right border.

    Returns:
        The step.
    """

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        return pixels * np.linspace(low, high, pixels.shape[1], dtype=np.float32)[:, None]

    return step


def shade(darkest: float) -> Step:
    """Let the light fall in any direction to such a share of it, a little unevenly."""

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        angle, long = rng.uniform(0, 360), max(pixels.shape[:2])
        fall = half_plane(pixels.shape, angle, 0, 1.4 * long) + 0.15 * smooth_field(pixels.shape, 3, rng)
        return pixels * (1 - np.float32(1 - darkest) * np.clip(fall, 0, 1))[..., None]

    return step


def vignette(strength: float) -> Step:
    """Darken the corners by such a share of the light."""

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in pixels.shape[:2])
        return pixels * (1 - np.float32(strength / 2) * (x**2 + y[:, None] ** 2))[..., None]

    return step


def hard_shadow(depth: float, softness: float | int = 3, below: bool = False) -> Step:
    """Cast a shadow with an edge over a part of the page.

    Args:
        depth: share of the light that it takes.
        softness: width of its edge, in pixels.
        below: whether its edge lies below the digits, else it may lie across them.

    Returns:
        The step.
    """

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        height, width = pixels.shape[:2]
        angle = rng.uniform(85, 95) if below else rng.uniform(0, 360)
        offset = rng.uniform(-0.2, 0.2) * min(height, width)
        if below and sheet.box is not None:
            offset = sheet.box[3] + 0.35 * sheet.height + 0.045 * width - height / 2
        return pixels * (1 - np.float32(depth) * half_plane(pixels.shape, angle, offset, softness))[..., None]

    return step


def region_shadow(depth: float, rows: tuple[int, int | None], columns: tuple[int, int | None]) -> Step:
    """Cast a shadow over a rectangle.

    Args:
        depth: share of the light that it takes.
        rows: first and last, half-open, in pixels.
        columns: first and last, half-open, in pixels.

    Returns:
        The step.
    """

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        light = np.ones(pixels.shape[:2], np.float32)
        light[slice(*rows), slice(*columns)] = 1 - depth
        return pixels * light[..., None]

    return step


def lamp(color: tuple[float, float, float] = (1.0, 0.86, 0.66)) -> Step:
    """Light the page in a color."""

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        return pixels * np.asarray(color, np.float32)

    return step
