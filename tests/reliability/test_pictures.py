"""Hostile pictures: each is read, or refused in one line, in bounded time and memory."""

import json
import math
import re
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from digitjax.errors import InputError
from digitjax.recognition.recognizer import Recognizer, load
from tests.imaging import test_decode_fuzz as fuzz
from tests.recognition.drawing import encode

MAX_SECONDS = 3.0
"""Maximum time that one picture takes of an idle CPU core, in seconds; asked of the long test alone."""
MAX_MEMORY = 500_000_000
"""Maximum peak above the memory of a warm process, in bytes: 240 MB to decode, as docs/ promises, and to read."""
BOUNDED = settings(
    max_examples=30,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
LONG = settings(BOUNDED, max_examples=3000, derandomize=False)
SEEDS = st.integers(0, 2**32)


# ------------------------------------------------------------------------------------------------ pictures


def noise(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, shape)


def specks(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    return (rng.random(shape) > rng.choice([0.5, 0.1, 0.01, 0.001])) * 255


def grid(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Draw a checkerboard, stripes or dots."""
    rows, columns = np.indices(shape) // int(rng.integers(1, 20))
    return rng.choice([(rows + columns) % 2, rows % 2, columns % 2, (rows % 2) & (columns % 2)]) * 255


def gradient(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    rows, columns = np.indices(shape)
    return (rows * rng.normal() + columns * rng.normal() + rng.normal(0, 3, shape)) % 256


def scribble(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Draw lines, boxes and circles, few or many, thin or thick."""
    image = Image.new("L", shape[::-1], int(rng.integers(256)))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.choice([1, 10, 300]))):
        ends = [tuple(int(value) for value in rng.integers(0, shape[::-1])) for _ in range(2)]
        box = [*map(min, *ends), *map(max, *ends)]
        color, width = int(rng.integers(256)), int(rng.choice([1, 3, 20]))
        match rng.integers(3):
            case 0:
                draw.line(ends, color, width)
            case 1:
                draw.rectangle(box, outline=color, width=width)
            case _:
                draw.ellipse(box, outline=color, width=width)
    return np.asarray(image)


CONTENTS = (noise, specks, grid, gradient, scribble)
MODES = ("L", "RGB", "RGBA", "LA", "P", "1", "I;16", "CMYK")
FORMS = {
    "PNG": MODES[:-1],
    "JPEG": ("L", "RGB", "CMYK"),
    "WebP": ("RGB", "RGBA"),
    "TIFF": MODES,
    "GIF": ("L", "P"),
}


def hostile_picture(seed: int) -> bytes:
    """Return a picture file of any shape, content, mode and format, perhaps damaged."""
    rng = np.random.default_rng(seed)
    area = 10 ** rng.uniform(2, 6.3)
    height = int(area ** rng.uniform(0, 0.7))
    shape = (height, int(area / height))[:: rng.choice([-1, 1])]
    pixels = CONTENTS[rng.integers(len(CONTENTS))](shape, rng).astype(np.uint8)
    form = rng.choice(list(FORMS)) if max(shape) < 16_384 else "TIFF"  # longer than a WebP and a JPEG may be
    mode = rng.choice(FORMS[form])
    image = Image.fromarray(pixels)
    if mode == "I;16":
        image = Image.fromarray(pixels.astype(np.uint16) * 257)
    elif mode in ("LA", "RGBA"):
        image = Image.merge("LA", (image, image.rotate(180))).convert(mode)
    else:
        image = image.convert(mode)
    try:
        content = encode(image, form)
    except (OSError, ValueError):  # too long for the format
        content = encode(image.convert("L"))
    return fuzz.damage(content, rng, int(rng.integers(5))) if rng.random() < 0.3 else content


# --------------------------------------------------------------------------------------------------- tests


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    """The pretrained model, warm."""
    recognizer = load()
    for seed in range(5):
        outcome(recognizer, hostile_picture(seed))
    return recognizer


def outcome(recognizer: Recognizer, content: bytes) -> str:
    """Return what was read, or why nothing was."""
    try:
        return json.dumps(recognizer.read(content).to_dict())
    except InputError as error:
        return str(error)


def memory(name: str) -> int:
    """Return the current (VmRSS) or the highest (VmHWM) memory of this process, in bytes."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1000


def check(recognizer: Recognizer, seed: int, max_seconds: float) -> None:
    content = hostile_picture(seed)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before, start = memory("VmRSS"), time.thread_time()
    reason = outcome(recognizer, content)
    seconds = time.thread_time() - start
    assert memory("VmHWM") - before < MAX_MEMORY, reason[:100]
    if seconds > max_seconds:  # something may have been compiled
        start = time.thread_time()
        outcome(recognizer, content)
        seconds = time.thread_time() - start
    assert seconds < max_seconds, reason[:100]
    assert "\n" not in reason


@pytest.mark.slow
def test_hostile_pictures_are_read_or_refused(recognizer: Recognizer):
    BOUNDED(given(seed=SEEDS)(lambda seed: check(recognizer, seed, math.inf)))()


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_many_hostile_pictures_are_read_or_refused(recognizer: Recognizer):
    LONG(given(seed=SEEDS)(lambda seed: check(recognizer, seed, MAX_SECONDS)))()
