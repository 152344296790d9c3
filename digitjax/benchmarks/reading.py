"""Time and memory of reading pictures of every size with the pretrained model."""

import atexit
import io
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from digitjax.environment import configure_jax
from digitjax.errors import InputError

Measure = Callable[[], dict[str, float]]
"""Measures one round and returns its values by metric."""
_NOISE = 3.0
"""Standard deviation of the sensor noise, in gray levels of 0 to 255."""
_MIN_BRIGHTNESS = 0.6
"""Brightness of the darkest edge of the shaded paper, as a share of the brightest."""


def small_png(reads: int = 200) -> Measure:
    """Return a function that reads one digit in a PNG of 28x28 pixels `reads` times."""
    return _measure_warm(encode(draw_digit(28), "PNG"), reads)


def photo(width: int, height: int, lines: Sequence[str], reads: int) -> Measure:
    """Return a function that reads lines of digits in a JPEG.

    Args:
        width: of the photo in pixels.
        height: of the photo in pixels.
        lines: the digits of each line.
        reads: how often the photo is read in one round.
    """
    return _measure_warm(encode(draw_photo(width, height, lines), "JPEG"), reads)


def small_png_cold_start() -> Measure:
    """Return a function that runs `digitjax read` on one digit in a PNG of 28x28 pixels."""
    return _measure_cold_start(encode(draw_digit(28), "PNG"))


def large_png_cold_start(width: int = 10_000, height: int = 9_800) -> Measure:
    """Return a function that runs `digitjax read` on a 16-bit grayscale PNG.

    Args:
        width: in pixels; by default the picture is just below the largest size that is accepted.
        height: in pixels.
    """
    return _measure_cold_start(make_16_bit_png(width, height))


def _measure_warm(content: bytes, reads: int) -> Measure:
    """Return a function that times reading in a process that has read the picture before."""
    from digitjax.recognition import recognizer

    configure_jax(cache=None)
    reader = recognizer.load()
    reader.read(content)

    def measure() -> dict[str, float]:
        times = []
        for _ in range(reads):
            start = time.perf_counter()
            reader.read(content)
            times.append(1e3 * (time.perf_counter() - start))
        return {f"ms, p{p}": float(np.percentile(times, p)) for p in (50, 99)}

    return measure


_MEASURE_SCRIPT = """
import resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Runs a command from a small process, since the peak memory of a child includes that of the process it starts from."""


def _measure_cold_start(content: bytes) -> Measure:
    """Return a function that measures time and peak memory of `digitjax read`, with a warm compilation cache."""
    folder = Path(tempfile.mkdtemp(prefix="digitjax-bench-"))
    atexit.register(shutil.rmtree, folder)
    picture = folder / "picture.png"
    picture.write_bytes(content)
    command = [sys.executable, "-m", "digitjax", "read", str(picture)]
    environment = {**os.environ, "DIGITJAX_CACHE": str(folder)}

    def measure() -> dict[str, float]:
        measure_command = [sys.executable, "-c", _MEASURE_SCRIPT, *command]
        process = subprocess.run(measure_command, env=environment, stdout=subprocess.PIPE, text=True)
        if process.returncode:
            raise InputError(f"bench: {' '.join(command)} failed")
        seconds, kilobytes = map(float, process.stdout.split())
        return {"ms, cold start": 1e3 * seconds, "peak memory (MB)": kilobytes / 1024}

    measure()
    return measure


# --------------------------------------------------------------------------------------- pictures


def draw_digit(side: int) -> UInt8[np.ndarray, "side side"]:
    """Draw one digit, black on white, in a square of this many pixels a side."""
    return np.rint(255 * (1 - _draw_line("7", side))).astype(np.uint8)


def draw_photo(width: int, height: int, lines: Sequence[str]) -> UInt8[np.ndarray, "height width"]:
    """Draw lines of digits like a photo, on shaded paper and with sensor noise.

    Args:
        width: in pixels.
        height: in pixels.
        lines: the digits of each line.

    Returns:
        Gray levels, dark on light.
    """
    side = min(width // (max(map(len, lines)) + 1), height // (len(lines) + 1))
    picture = np.full((height, width), 235, np.float32)
    for number, line in enumerate(lines):
        strokes = _draw_line(line, side)
        top = (2 * number + 1) * height // (2 * len(lines)) - side // 2
        left = (width - strokes.shape[1]) // 2
        picture[top : top + side, left : left + strokes.shape[1]] -= 190 * strokes
    picture *= np.linspace(1, _MIN_BRIGHTNESS, width, dtype=np.float32)
    picture += _NOISE * np.random.default_rng(0).standard_normal(picture.shape, np.float32)
    return np.rint(picture.clip(0, 255)).astype(np.uint8)


def _draw_line(text: str, side: int) -> Float32[np.ndarray, "side width"]:
    """Return intensities, 0 to 1, of scikit-learn's digits side by side, each in a square with a margin."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    cells = []
    for position, digit in enumerate(text):
        image = np.pad(digits.images[digits.target == int(digit)][position] / 16, 1)
        inner = side * 2 // 3
        enlarged = Image.fromarray(image.astype(np.float32)).resize((inner, inner), Image.Resampling.BICUBIC)
        before = (side - inner) // 2
        cells.append(np.pad(np.asarray(enlarged).clip(0, 1), (before, side - inner - before)))
    return np.concatenate(cells, axis=1)


def encode(picture: UInt8[np.ndarray, "h w"], file_format: str) -> bytes:
    """Return the bytes of a picture file.

    Args:
        picture: gray levels.
        file_format: `PNG`, `JPEG` or another one that Pillow writes.
    """
    file = io.BytesIO()
    Image.fromarray(picture).save(file, file_format)
    return file.getvalue()


def make_16_bit_png(width: int, height: int) -> bytes:
    """Return a 16-bit grayscale PNG of one digit, compressed row by row to save memory.

    Args:
        width: in pixels.
        height: in pixels.
    """
    pattern = draw_digit(100).astype(">u2") * 257
    columns = np.arange(width) * len(pattern) // width
    compressor = zlib.compressobj(1)
    data = [
        compressor.compress(b"\0" + pattern[row * len(pattern) // height, columns].tobytes())
        for row in range(height)
    ]
    data.append(compressor.flush())
    header = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", b"".join(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
