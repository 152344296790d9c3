"""Pictures of digits for the tests: scikit-learn's, put on paper of any kind."""

import io

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits


def digit_picture(digit: int, *, side: int = 160, dark_pen: bool = True, count: int = 1) -> np.ndarray:
    """Draw `count` examples of a digit side by side: uint8 (side, count * side)."""
    digits = load_digits()
    chosen = digits.images[digits.target == digit][:count]
    cells = []
    for image in chosen:
        inner = np.asarray(
            Image.fromarray(image / 16).resize((side // 2, side // 2), Image.Resampling.BICUBIC)
        )
        cells.append(np.pad(inner.clip(0, 1), side // 4))
    ink = np.concatenate(cells, axis=1)
    return np.rint(240 - 200 * ink if dark_pen else 20 + 200 * ink).astype(np.uint8)


def encode(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    """Return the bytes of a picture file."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()
