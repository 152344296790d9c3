"""Generated handwriting: the digits of one hand share a slant, a pen and a form of each digit.

Some of its forms are rare in MNIST, such as a 1 with a long flag, which looks like a 7 of another hand. How well a
model can be adapted to a person was measured on such hands, and is tested on them.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int32, UInt8
from PIL import Image, ImageDraw
from scipy.interpolate import CubicSpline

from digitjax.imaging.normalize import to_mnist

Points = Float[np.ndarray, "_ 2"]
"""Points (x, y) of a stroke: x from 0 to 1 across the digit, y from 0 at its head to 1 at its foot."""

_HEIGHT = 80
"""Height of a digit in a drawing, in pixels."""
_SCALE = 3
"""Pixels of the canvas to one of the drawing, so that edges are antialiased."""


@dataclass(frozen=True)
class Hand:
    """How one person writes digits; lengths are in heights of a digit, or in widths where they are level."""

    slant: float
    """Shift to the right from the foot of a digit to its head."""
    width: float
    """Width of a digit."""
    pen: float
    """Width of the strokes."""
    tremor: float
    """Standard deviation by which points of a stroke are moved from digit to digit."""
    flag: float
    """Length of the flag of a 1; none below 0.1."""
    flag_angle: float
    """Angle of the flag to the stem of a 1, in degrees."""
    foot: bool
    """Whether a 1 has a foot."""
    four: str
    """Shape of the left stroke of a 4: `open`, `closed` where it meets the stem at the top, or `round` like a 9's."""
    tail: float
    """Length of the stem of a 4 below its bar."""
    top: float
    """Length of the top of a 7."""
    barred_seven: bool
    """Whether a stroke crosses the stem of a 7."""
    droop: float
    """Length of the stroke that hangs from the left end of the top of a 7."""
    nine: str
    """How a 9 ends: `straight`, `curved`, or `hook`."""
    gap: float
    """Width of the gap between the loop of a 9 and its stem, at the top."""


def draw_hand(rng: np.random.Generator) -> Hand:
    """Draw the hand of one person at random."""
    flag = rng.uniform(0.0, 0.85)
    return Hand(
        slant=rng.uniform(-0.15, 0.4),
        width=rng.uniform(0.45, 0.8),
        pen=rng.uniform(0.05, 0.12),
        tremor=rng.uniform(0.015, 0.035),
        flag=flag,
        flag_angle=rng.uniform(30, 70),
        foot=rng.random() < 0.3,
        four=str(rng.choice(["open", "closed", "round"])),
        tail=rng.uniform(0.08, 0.4),
        top=rng.uniform(0.3, 0.95),
        barred_seven=flag > 0.4 or rng.random() < 0.4,  # or its owner could not tell it from a 1
        droop=rng.uniform(0.0, 0.25),
        nine=str(rng.choice(["straight", "curved", "hook"])),
        gap=max(0.0, rng.uniform(-0.3, 0.4)),
    )


class Trace(NamedTuple):
    """How the pen moves to write a digit, in pixels of a canvas on which digits are about 240 pixels high."""

    lines: list[Points]
    """Points (x, y) of each stroke."""
    pen: float
    """Width of the pen."""


def trace_digit(hand: Hand, digit: int, rng: np.random.Generator) -> Trace:
    """Trace the strokes of a digit, which differ a little each time.

    Args:
        hand: whose digit it is.
        digit: 0 to 9.
        rng: random numbers.

    Returns:
        The strokes, anywhere on the canvas.
    """
    slant = hand.slant + rng.normal(0, 0.04)
    aspect = hand.width * np.exp(rng.normal(0, 0.08))
    matrix = np.array([[aspect, -slant], [0, 1]]) * _HEIGHT * _SCALE
    lines = [
        _smooth(points + rng.normal(0, hand.tremor, points.shape), curved) @ matrix.T
        for points, curved in _strokes(hand, digit)
    ]
    return Trace(lines, max(2.0, hand.pen * np.exp(rng.normal(0, 0.1)) * _HEIGHT) * _SCALE)


def write_digit(hand: Hand, digit: int, rng: np.random.Generator) -> Float32[np.ndarray, "h w"]:
    """Write a digit, which differs a little each time.

    Args:
        hand: whose digit it is.
        digit: 0 to 9.
        rng: random numbers.

    Returns:
        Where its strokes are, 0 to 1, with an empty margin.
    """
    lines, pen = trace_digit(hand, digit, rng)
    low = np.concatenate(lines).min(axis=0) - 2 * pen
    width, height = np.ceil((np.concatenate(lines).max(axis=0) + 2 * pen - low) / _SCALE).astype(int).tolist()
    canvas = Image.new("L", (width * _SCALE, height * _SCALE))
    draw = ImageDraw.Draw(canvas)
    for line in lines:
        corners = [(x, y) for x, y in (line - low).tolist()]
        draw.line(corners, 255, round(pen), joint="curve")
        for x, y in (corners[0], corners[-1]):
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), 255)
    return np.asarray(canvas.resize((width, height), Image.Resampling.BOX), np.float32) / 255


def write_digits(
    hand: Hand, each: int, rng: np.random.Generator
) -> tuple[UInt8[np.ndarray, "n 28 28"], Int32[np.ndarray, " n"]]:
    """Write every digit several times.

    Args:
        hand: whose digits they are.
        each: number of images of each digit.
        rng: random numbers.

    Returns:
        The images as recognition would extract them, and their labels: 0 to 9, then again.
    """
    labels = np.tile(np.arange(10, dtype=np.int32), each)
    return np.stack([to_mnist(_crop(write_digit(hand, digit, rng))) for digit in labels.tolist()]), labels


def _crop(strokes: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h2 w2"]:
    rows, columns = (np.flatnonzero((strokes > 0).any(axis)) for axis in (1, 0))
    return np.ascontiguousarray(strokes[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def _smooth(points: Points, curved: bool) -> Points:
    """Return points on a cubic spline through the points of a curved stroke; straight ones stay as they are."""
    if not curved:
        return points
    distances = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0], np.cumsum(np.maximum(distances, 1e-3))])
    return CubicSpline(along, points)(np.linspace(0, along[-1], 12 * len(points)))


def _strokes(hand: Hand, digit: int) -> list[tuple[Points, bool]]:
    """Return the strokes of a digit, each with whether it is curved."""
    match digit:
        case 1:
            strokes = ["50 00, 50 99"]
            if hand.flag >= 0.1:
                angle = np.radians(hand.flag_angle)
                x, y = 0.5 - hand.flag * np.sin(angle) / hand.width, hand.flag * np.cos(angle)
                strokes = [f"{round(100 * x)} {round(100 * y)}, 50 00, 50 99"]
            return _parse(*strokes, *["15 99, 85 99"] * hand.foot)
        case 4:
            bar = round(100 * (1 - hand.tail))
            if hand.four == "round":
                return _parse(
                    f"~70 00, 25 12, 05 {bar - 25}, 25 {bar}, 60 {bar}", f"60 {bar}, 95 {bar}", "70 00, 70 99"
                )
            if hand.four == "closed":
                return _parse(f"70 99, 70 00, 05 {bar}, 95 {bar}")
            return _parse(f"25 00, 05 {bar}, 95 {bar}", "70 25, 70 99")
        case 7:
            left = round(90 - 90 * hand.top)
            droop = f"{left} {round(100 * hand.droop) + 3}, " * (hand.droop >= 0.05)
            return _parse(f"{droop}{left} 03, 90 00, 40 99", *["35 52, 90 50"] * hand.barred_seven)
        case 9:
            end = {"straight": "85 45, 80 99", "curved": "88 50, 75 85, 25 98", "hook": "86 60, 82 98, 25 92"}
            start = f"{round(80 - 100 * hand.gap)} 08, " if hand.gap else "85 25, 60 02, "
            loop = f"~{start}20 08, 08 30, 30 50, 65 42, 85 18"
            return [*_parse(loop), *_parse("~" * (hand.nine == "curved") + "86 15, " + end[hand.nine])]
        case _:
            return _parse(*_PLAIN[digit])


_PLAIN = {
    0: ["~55 00, 15 20, 03 55, 25 95, 65 97, 95 60, 85 15, 50 00"],
    2: ["~08 22, 35 00, 80 10, 82 40, 40 75, 05 99", "05 99, 95 97"],
    3: ["~10 08, 50 00, 85 20, 70 42, 38 48", "~38 48, 80 55, 92 78, 60 99, 08 92"],
    5: ["90 00, 22 02, 16 42", "~16 42, 55 36, 90 55, 85 85, 50 99, 08 93"],
    6: ["~75 00, 35 25, 08 65, 25 97, 70 97, 90 75, 65 55, 25 62, 10 75"],
    8: ["~78 12, 45 00, 15 18, 45 45, 85 72, 55 99, 12 80, 45 48, 80 25, 78 10"],
}
"""Strokes of the digits that all hands write alike, as percent of x and y; a stroke that starts with ~ is curved."""


def _parse(*strokes: str) -> list[tuple[Points, bool]]:
    return [
        (
            np.array([list(map(int, p.split())) for p in stroke.removeprefix("~").split(",")]) / 100,
            stroke.startswith("~"),
        )
        for stroke in strokes
    ]
