"""Generated pictures of what is no digit, and the share of them that a recognizer rejects.

    python -m tests.recognition.outliers [RUN] [FOLDER OF RUNS]

No such picture is in the training data: letters come from a font, scribbles from random walks. A picture is rejected
if no digit of it is accepted.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from digitjax.recognition.recognizer import Recognizer, load

UNLIKE_DIGITS = "AEFHKMNPRWXYhkmnrtwx#%+*="
AMBIGUOUS = "CJLUVadefpuvy?&"


def rejected_shares(recognizer: Recognizer, count: int = 100) -> dict[str, float]:
    """Return the share of pictures of each kind in which no digit is accepted."""
    shares = {}
    for name, draw in KINDS.items():
        rng = np.random.default_rng(0)
        shares[name] = float(np.mean([not recognizer.read(draw(rng)).lines for _ in range(count)]))
    return shares


def letter(rng: np.random.Generator, letters: str = UNLIKE_DIGITS) -> np.ndarray:
    """Draw one letter or sign of Pillow's own font."""
    canvas = Image.new("L", (200, 200))
    font = ImageFont.load_default(size=int(rng.integers(60, 140)))
    ImageDraw.Draw(canvas).text(
        (100, 100), rng.choice(list(letters)), 255, font, anchor="mm", stroke_width=int(rng.integers(0, 4))
    )
    return photograph(rng, np.asarray(canvas.rotate(rng.uniform(-10, 10))) / 255)


def ambiguous_letter(rng: np.random.Generator) -> np.ndarray:
    """Draw a letter that some people would read as a digit: its share is reported, but not tested."""
    return letter(rng, AMBIGUOUS)


def walk(rng: np.random.Generator) -> np.ndarray:
    """Draw a random walk with inertia that turns back at the edge."""
    position, speed, points = np.full(2, 100.0), rng.normal(0, 4, 2), []
    for _ in range(rng.integers(150, 400)):
        speed = 0.9 * speed + rng.normal(0, 2.5, 2) - 0.003 * (position - 100)
        position = np.clip(position + speed, 15, 185)
        points.append(tuple(position))
    return photograph(rng, draw_line(points, int(rng.integers(3, 9))))


def lissajous(rng: np.random.Generator) -> np.ndarray:
    """Draw a Lissajous figure, except those that look like 0 and 8."""
    a, b = [(2, 3), (3, 2), (3, 4), (4, 3), (3, 5), (5, 3), (4, 5)][rng.integers(7)]
    angles = np.linspace(0, 2 * np.pi, 300)
    x, y = 100 + 75 * np.sin(a * angles + rng.uniform(0.4, 1.1)), 100 + 75 * np.sin(b * angles)
    return photograph(rng, draw_line(list(zip(x, y, strict=True)), int(rng.integers(3, 7))))


def noise(rng: np.random.Generator) -> np.ndarray:
    """Draw uniform, Gaussian, or salt-and-pepper noise."""
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
    """Draw wood, a checkerboard or clouds."""
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
    """Draw empty paper."""
    return photograph(rng, np.zeros((200, 200)))


def lined(rng: np.random.Generator) -> np.ndarray:
    """Draw empty ruled or squared paper."""
    paper, step, width = np.zeros((200, 260)), int(rng.integers(14, 50)), int(rng.integers(1, 4))
    for shift in range(width):
        paper[step // 2 + shift :: step] = 1
        if rng.random() < 0.5:
            paper[:, step // 2 + shift :: step] = 1
    return photograph(rng, rng.uniform(0.3, 1) * paper)


def draw_line(points: list[tuple[float, float]], width: int) -> np.ndarray:
    canvas = Image.new("L", (200, 200))
    ImageDraw.Draw(canvas).line(points, 255, width, joint="curve")
    return np.asarray(canvas) / 255


def photograph(rng: np.random.Generator, intensity: np.ndarray) -> np.ndarray:
    """Render strokes dark on light paper, blurred, shaded, and with the noise of a sensor."""
    intensity = ndimage.gaussian_filter(intensity, rng.uniform(0, 1.5))
    y, x = np.mgrid[-1 : 1 : intensity.shape[0] * 1j, -1 : 1 : intensity.shape[1] * 1j]
    light = 1 - rng.uniform(0, 0.25) * (x**2 + y**2) / 2 + rng.uniform(-0.1, 0.1) * x
    gray = 225 * light * (1 - rng.uniform(0.6, 0.9) * intensity) + rng.uniform(0, 5) * rng.normal(
        size=intensity.shape
    )
    return gray.clip(0, 255).astype(np.uint8)


KINDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "letters": letter,
    "random walks": walk,
    "Lissajous figures": lissajous,
    "noise": noise,
    "textures": texture,
    "blank paper": blank,
    "lined paper": lined,
    "letters like digits": ambiguous_letter,
}

if __name__ == "__main__":
    name, folder = (*sys.argv[1:], *(None, "runs")[len(sys.argv) - 1 :])
    for kind, share in rejected_shares(load(name, Path(folder))).items():
        print(f"{kind:<20} {share:7.1%} rejected")
