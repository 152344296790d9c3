"""Pictures of digits for the tests: scikit-learn's digits, and digits drawn with straight lines."""

import io

import numpy as np
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits


def digit_picture(digit: int, *, side: int = 160, dark_pen: bool = True, count: int = 1) -> np.ndarray:
    """Draw `count` examples of a digit side by side: uint8 (side, count * side), dark or light strokes on gray."""
    digits = load_digits()
    images = digits.images[digits.target == digit][:count]
    cells = []
    for image in images:
        inner = np.asarray(
            Image.fromarray(image / 16).resize((side // 2, side // 2), Image.Resampling.BICUBIC)
        )
        cells.append(np.pad(inner.clip(0, 1), side // 4))
    intensity = np.concatenate(cells, axis=1)
    return np.rint(240 - 200 * intensity if dark_pen else 20 + 200 * intensity).astype(np.uint8)


def encode(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    """Return the bytes of a picture file."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


# The polylines of each digit: points xy, with x from 0 to 4 and y from 0 to 8.
_PATHS = {
    "0": ["10 30 42 46 38 18 06 02 10"],
    "1": ["12 20 28"],
    "2": ["02 10 30 42 43 08 48"],
    "3": ["00 40 24 45 46 38 18 07"],
    "4": ["30 05 45", "33 38"],
    "5": ["40 00 03 23 45 46 38 08"],
    "6": ["30 03 06 18 38 46 45 34 05"],
    "7": ["00 40 18"],
    "8": ["10 30 42 24 06 18 38 46 24 02 10"],
    "9": ["43 14 02 10 30 42 28"],
}


def rng(seed: int) -> np.random.Generator:
    """Return a seeded random number generator."""
    return np.random.default_rng(seed)


def strokes(
    text: str, height: int = 80, pen: int = 7, gap: int = 40, margin: int = 50, scale: int = 4
) -> np.ndarray:
    """Draw digits of straight lines side by side: bool (height + 2 * margin, ...), True where the strokes are."""
    width = height // 2
    size = (2 * margin + len(text) * (width + gap) - gap, 2 * margin + height)
    canvas = Image.new("L", (size[0] * scale, size[1] * scale))
    draw = ImageDraw.Draw(canvas)
    for i, digit in enumerate(text):
        for path in _PATHS[digit]:
            points = [
                (
                    scale * (margin + i * (width + gap) + int(point[0]) * width / 4),
                    scale * (margin + int(point[1]) * height / 8),
                )
                for point in path.split()
            ]
            draw.line(points, 255, pen * scale, joint="curve")
            for x, y in (points[0], points[-1]):
                reach = pen * scale / 2
                draw.ellipse((x - reach, y - reach, x + reach, y + reach), 255)
    return np.asarray(canvas.resize(size, Image.Resampling.BOX)) > 127


def shade(picture: np.ndarray, darkest: float, direction: tuple[int, int]) -> np.ndarray:
    """Dim a picture (h, w, 3) linearly along a direction (down, right), from full brightness to the share `darkest`."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    along = direction[0] * y + direction[1] * x
    along = (along - along.min()) / np.ptp(along)
    return np.rint(picture * (1 - (1 - darkest) * along)[..., None]).astype(np.uint8)
