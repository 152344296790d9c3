"""Whole pictures of what is no digit, and the share of them that a reader rejects.

    python -m tests.recognition.outliers [RUN] [FOLDER OF RUNS]

None of this is met in training: letters come from a font, scribbles from random walks, and each picture goes the whole
way of reading. It counts as rejected if nothing is read in it.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from digitjax.recognition.recognizer import Recognizer, load

LIKE_NO_DIGIT = "AEFHKMNPRWXYhkmnrtwx#%+*="
LIKE_A_DIGIT_TO_SOME = "CJLUVadefpuvy?&"


def rejected_shares(reader: Recognizer, count: int = 100) -> dict[str, float]:
    """Return the share of pictures of each kind in which the reader reads nothing."""
    shares = {}
    for name, draw in KINDS.items():
        rng = np.random.default_rng(0)
        shares[name] = float(np.mean([not reader.read(draw(rng)).lines for _ in range(count)]))
    return shares


def letter(rng: np.random.Generator, letters: str = LIKE_NO_DIGIT) -> np.ndarray:
    """One letter or sign of Pillow's own font."""
    canvas = Image.new("L", (200, 200))
    font = ImageFont.load_default(size=int(rng.integers(60, 140)))
    ImageDraw.Draw(canvas).text(
        (100, 100), rng.choice(list(letters)), 255, font, anchor="mm", stroke_width=int(rng.integers(0, 4))
    )
    return photograph(rng, np.asarray(canvas.rotate(rng.uniform(-10, 10))) / 255)


def other_letter(rng: np.random.Generator) -> np.ndarray:
    """A letter that some would take for a digit: measured, but no fault if it is read."""
    return letter(rng, LIKE_A_DIGIT_TO_SOME)


def walk(rng: np.random.Generator) -> np.ndarray:
    """A pen that keeps its direction for a while, and turns back at the edge."""
    place, speed, places = np.full(2, 100.0), rng.normal(0, 4, 2), []
    for _ in range(rng.integers(150, 400)):
        speed = 0.9 * speed + rng.normal(0, 2.5, 2) - 0.003 * (place - 100)
        place = np.clip(place + speed, 15, 185)
        places.append(tuple(place))
    return photograph(rng, pen(places, int(rng.integers(3, 9))))


def lissajous(rng: np.random.Generator) -> np.ndarray:
    """A pen that swings both ways at once; the figures of 1 and 2 swings are left out, which are 0 and 8."""
    a, b = [(2, 3), (3, 2), (3, 4), (4, 3), (3, 5), (5, 3), (4, 5)][rng.integers(7)]
    angles = np.linspace(0, 2 * np.pi, 300)
    x, y = 100 + 75 * np.sin(a * angles + rng.uniform(0.4, 1.1)), 100 + 75 * np.sin(b * angles)
    return photograph(rng, pen(list(zip(x, y, strict=True)), int(rng.integers(3, 7))))


def noise(rng: np.random.Generator) -> np.ndarray:
    """Even, Gaussian, or salt and pepper."""
    shape = tuple(rng.integers(28, 300, 2))
    kind = rng.integers(3)
    if kind == 0:
        return rng.integers(0, 256, shape).astype(np.uint8)
    if kind == 1:
        return (128 + rng.uniform(15, 60) * rng.normal(size=shape)).clip(0, 255).astype(np.uint8)
    return np.where(rng.random(shape) < rng.uniform(0.02, 0.4), 255 * rng.integers(0, 2, shape), 128).astype(
        np.uint8
    )


def texture(rng: np.random.Generator) -> np.ndarray:
    """Wood, a chequer or clouds."""
    y, x = np.mgrid[:160, :200] / 200
    kind = rng.integers(3)
    if kind == 0:
        bend = ndimage.gaussian_filter(rng.normal(size=x.shape), 25) * 25
        values = np.sin(2 * np.pi * (rng.uniform(3, 15) * y + bend) + rng.uniform(0, 6))
    elif kind == 1:
        squares = rng.integers(4, 16)
        values = np.where((np.floor(squares * x) + np.floor(squares * y)) % 2, 1.0, -1.0)
    else:
        values = ndimage.gaussian_filter(rng.normal(size=x.shape), rng.uniform(2, 15))
        values /= np.abs(values).max()
    return photograph(rng, (values + 1) / 2)


def blank(rng: np.random.Generator) -> np.ndarray:
    """Empty paper."""
    return photograph(rng, np.zeros((200, 200)))


def lined(rng: np.random.Generator) -> np.ndarray:
    """Empty ruled or squared paper."""
    paper, step, width = np.zeros((200, 260)), int(rng.integers(14, 50)), int(rng.integers(1, 4))
    for shift in range(width):
        paper[step // 2 + shift :: step] = 1
        if rng.random() < 0.5:
            paper[:, step // 2 + shift :: step] = 1
    return photograph(rng, rng.uniform(0.3, 1) * paper)


def pen(places: list[tuple[float, float]], width: int) -> np.ndarray:
    canvas = Image.new("L", (200, 200))
    ImageDraw.Draw(canvas).line(places, 255, width, joint="curve")
    return np.asarray(canvas) / 255


def photograph(rng: np.random.Generator, ink: np.ndarray) -> np.ndarray:
    """Put ink on paper: dark on light, blurred, shaded, and seen by a sensor with noise."""
    ink = ndimage.gaussian_filter(ink, rng.uniform(0, 1.5))
    y, x = np.mgrid[-1 : 1 : ink.shape[0] * 1j, -1 : 1 : ink.shape[1] * 1j]
    light = 1 - rng.uniform(0, 0.25) * (x**2 + y**2) / 2 + rng.uniform(-0.1, 0.1) * x
    grey = 225 * light * (1 - rng.uniform(0.6, 0.9) * ink) + rng.uniform(0, 5) * rng.normal(size=ink.shape)
    return grey.clip(0, 255).astype(np.uint8)


KINDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "letters": letter,
    "random walks": walk,
    "Lissajous figures": lissajous,
    "noise": noise,
    "textures": texture,
    "blank paper": blank,
    "lined paper": lined,
    "letters like digits": other_letter,
}

if __name__ == "__main__":
    name, folder = (*sys.argv[1:], *(None, "runs")[len(sys.argv) - 1 :])
    for kind, share in rejected_shares(load(name, Path(folder))).items():
        print(f"{kind:<20} {share:7.1%} rejected")
