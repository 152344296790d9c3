"""What a pen leaves: strokes of uneven pressure, the grain of a pencil, gaps of a worn pen."""

from collections.abc import Callable

import numpy as np

from digitjax.data.pages.fields import grid_noise, smooth_field
from digitjax.data.pages.glyphs import Coverage
from digitjax.data.pages.layout import Sheet

StrokeStep = Callable[[Coverage, Sheet, np.random.Generator], Coverage]
"""From the strokes of a sheet to those that the pen leaves, of the same size."""


def pressure(lowest: float, cells: float = 4.0) -> StrokeStep:
    """Let the pressure vary.

    Args:
        lowest: coverage where the pressure is lowest; 1 where it is highest.
        cells: changes of the pressure along a digit, or along the page where it is smaller.

    Returns:
        The step.
    """

    def step(strokes: Coverage, sheet: Sheet, rng: np.random.Generator) -> Coverage:
        count = max(cells, cells / 1.4 * max(strokes.shape) / sheet.height / 2)
        return strokes * (lowest + (1 - lowest) * smooth_field(strokes.shape, count, rng))

    return step


def grain(amount: float) -> StrokeStep:
    """Let the tooth of the paper show through the strokes of a pencil, by up to so much of their coverage."""

    def step(strokes: Coverage, sheet: Sheet, rng: np.random.Generator) -> Coverage:
        noise = grid_noise(strokes.shape, max(1.0, sheet.height / 60), rng)
        return strokes * np.clip(1 - amount * (0.5 + 0.5 * noise), 0, 1)

    return step


def skips(share: float) -> StrokeStep:
    """Leave about such a share of the strokes white, in spots as wide as a pen, as a worn marker does."""

    def step(strokes: Coverage, sheet: Sheet, rng: np.random.Generator) -> Coverage:
        noise = grid_noise(strokes.shape, max(1.0, sheet.height / 14), rng)
        level = np.quantile(noise[:: max(1, strokes.shape[0] // 64)], 1 - share)
        return strokes * np.clip(0.5 - 6 * (noise - level), 0, 1).astype(np.float32)

    return step
