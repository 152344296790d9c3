"""How long the model in the box takes to read pictures of every size, and how much memory: digitjax alone."""

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
"""Measures one round."""
_NOISE = 3.0  # of a sensor: standard deviation in grey levels
_DARKEST = 0.6  # light that is left in the darkest corner of a shaded paper


def small(reads: int = 200) -> Measure:
    """Return a function that times the reading of one digit in a PNG of 28x28, `reads` times."""
    return _warm(encode(drawing(28), "PNG"), reads)


def photo(width: int, height: int, lines: Sequence[str], reads: int) -> Measure:
    """Return a function that times the reading of lines of digits in a JPEG of this size, `reads` times."""
    return _warm(encode(photograph(width, height, lines), "JPEG"), reads)


def small_from_cold() -> Measure:
    """Return a function that runs `digitjax read` on one digit in a PNG of 28x28."""
    return _from_cold(encode(drawing(28), "PNG"))


def deep_from_cold(width: int = 10_000, height: int = 9_800) -> Measure:
    """Return a function that runs `digitjax read` on a PNG of 16-bit grey.

    By default it has nearly the size from which on the reader refuses it.
    """
    return _from_cold(deep_png(width, height))


def _warm(content: bytes, reads: int) -> Measure:
    """Measure the reading of a file in a process that has read it before."""
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


_IN_A_CHILD = """
import resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Measures a command from a small process: one started from this one would count the memory of this one as its own."""


def _from_cold(content: bytes) -> Measure:
    """Measure the command and the most memory that it ever held; what it compiles is in the cache."""
    folder = Path(tempfile.mkdtemp(prefix="digitjax-bench-"))
    atexit.register(shutil.rmtree, folder)
    picture = folder / "picture.png"
    picture.write_bytes(content)
    command = [sys.executable, "-m", "digitjax", "read", str(picture)]
    environment = {**os.environ, "DIGITJAX_CACHE": str(folder)}

    def measure() -> dict[str, float]:
        measuring = [sys.executable, "-c", _IN_A_CHILD, *command]
        process = subprocess.run(measuring, env=environment, stdout=subprocess.PIPE, text=True)
        if process.returncode:
            raise InputError(f"bench: {' '.join(command)} failed")
        seconds, kilobytes = map(float, process.stdout.split())
        return {"ms from cold": 1e3 * seconds, "peak memory (MB)": kilobytes / 1024}

    measure()
    return measure


# --------------------------------------------------------------------------------------- pictures


def drawing(side: int) -> UInt8[np.ndarray, "side side"]:
    """Draw one digit, black on white."""
    return np.rint(255 * (1 - _ink("7", side))).astype(np.uint8)


def photograph(width: int, height: int, lines: Sequence[str]) -> UInt8[np.ndarray, "height width"]:
    """Draw lines of digits as a photo shows them: on shaded paper, with the noise of a sensor."""
    side = min(width // (max(map(len, lines)) + 1), height // (len(lines) + 1))
    picture = np.full((height, width), 235, np.float32)
    for number, line in enumerate(lines):
        ink = _ink(line, side)
        top = (2 * number + 1) * height // (2 * len(lines)) - side // 2
        left = (width - ink.shape[1]) // 2
        picture[top : top + side, left : left + ink.shape[1]] -= 190 * ink
    picture *= np.linspace(1, _DARKEST, width, dtype=np.float32)
    picture += _NOISE * np.random.default_rng(0).standard_normal(picture.shape, np.float32)
    return np.rint(picture.clip(0, 255)).astype(np.uint8)


def _ink(text: str, side: int) -> Float32[np.ndarray, "side width"]:
    """Draw digits of scikit-learn's side by side, each in a square with a margin."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    cells = []
    for place, digit in enumerate(text):
        image = np.pad(digits.images[digits.target == int(digit)][place] / 16, 1)
        inner = side * 2 // 3
        enlarged = Image.fromarray(image.astype(np.float32)).resize((inner, inner), Image.Resampling.BICUBIC)
        before = (side - inner) // 2
        cells.append(np.pad(np.asarray(enlarged).clip(0, 1), (before, side - inner - before)))
    return np.concatenate(cells, axis=1)


def encode(picture: UInt8[np.ndarray, "h w"], form: str) -> bytes:
    """Return the bytes of a picture file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, form)
    return file.getvalue()


def deep_png(width: int, height: int) -> bytes:
    """Return a PNG of one digit in 16-bit grey, written row by row, so that its pixels are never held together."""
    pattern = drawing(100).astype(">u2") * 257
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
