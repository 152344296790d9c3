"""Colors of paper and pen."""

from collections.abc import Callable

import numpy as np

from digitjax.data.pages.fields import Color

Colors = Callable[[np.random.Generator], tuple[Color, Color]]
"""From random numbers to the colors of the paper and of the pen."""

_PENS: tuple[Color, ...] = (
    0.05,
    0.12,
    0.2,
    (0.08, 0.14, 0.5),
    (0.1, 0.25, 0.65),
    (0.65, 0.08, 0.1),
    (0.05, 0.35, 0.2),
)
_PAPERS: tuple[Color, ...] = (1.0, 0.95, 0.88, 0.8, (0.96, 0.93, 0.84), (0.9, 0.86, 0.76))
_BOARDS: tuple[Color, ...] = (0.08, 0.16, (0.1, 0.22, 0.17), (0.05, 0.1, 0.3))


def pair(paper: Color, pen: Color) -> Colors:
    """Return the same two colors each time.

    Args:
        paper: color of the paper.
        pen: color of the pen.
    """
    return lambda rng: (paper, pen)


def pen_on_paper(rng: np.random.Generator) -> tuple[Color, Color]:
    """Draw a dark pen, at times a colored one, on light paper."""
    return _choose(_PAPERS, rng), _choose(_PENS, rng)


def pencil(rng: np.random.Generator) -> tuple[Color, Color]:
    """Draw a grey between faint and dark on light paper."""
    return _choose(_PAPERS, rng), rng.uniform(0.25, 0.55)


def chalk(rng: np.random.Generator) -> tuple[Color, Color]:
    """Draw light chalk on a dark board."""
    light: Color = rng.uniform(0.75, 1.0) if rng.random() < 0.7 else (0.95, 0.9, 0.45)
    return _choose(_BOARDS, rng), light


def any_colors(contrast: float) -> Colors:
    """Draw any two colors whose brightness differs by at least so much."""

    def colors(rng: np.random.Generator) -> tuple[Color, Color]:
        while True:
            paper, pen = rng.random((2, 3))
            if abs(float((paper - pen) @ (0.3, 0.59, 0.11))) >= contrast:
                return tuple(paper.tolist()), tuple(pen.tolist())

    return colors


def _choose(colors: tuple[Color, ...], rng: np.random.Generator) -> Color:
    return colors[rng.integers(len(colors))]
