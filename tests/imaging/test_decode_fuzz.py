"""Thousands of damaged files of every format are each decoded or refused in one line, within a second."""

import itertools
import time

import numpy as np
import pytest
from PIL import Image

from digitjax.errors import InputError
from digitjax.imaging.decode import Picture, decode
from tests.recognition.drawing import digit_picture, encode

pytestmark = pytest.mark.slow  # thousands of files

FILES_PER_FORMAT = 400
GRAY = Image.fromarray(digit_picture(5, side=40))
TRANSPARENT = Image.merge("LA", (GRAY, GRAY.point(lambda value: 255 - value))).convert("RGBA")
DEEP = Image.fromarray(np.asarray(GRAY).astype(np.uint16) * 257)
EXIF = Image.Exif()
EXIF[0x0112] = 6

SOURCES = {
    "gray.png": encode(GRAY, exif=EXIF, compress_level=1),
    "clear.png": encode(TRANSPARENT),
    "deep.png": encode(DEEP),
    "palette.png": encode(GRAY.quantize(16), transparency=0),
    "baseline.jpg": encode(GRAY.convert("RGB"), "JPEG", exif=EXIF),
    "progressive.jpg": encode(GRAY.convert("RGB"), "JPEG", progressive=True),
    "cmyk.jpg": encode(GRAY.convert("CMYK"), "JPEG"),
    "lossy.webp": encode(GRAY.convert("RGB"), "WebP", exif=EXIF),
    "lossless.webp": encode(TRANSPARENT, "WebP", lossless=True),
    "gray.bmp": encode(GRAY, "BMP"),
    "color.bmp": encode(GRAY.convert("RGB"), "BMP"),
    "raw.tiff": encode(GRAY.convert("RGB"), "TIFF", exif=EXIF),
    "lzw.tiff": encode(DEEP, "TIFF", compression="tiff_lzw"),
    "jpeg.tiff": encode(GRAY, "TIFF", compression="jpeg"),
    "bits.tiff": encode(GRAY.convert("1"), "TIFF", compression="group4"),
    "gray.gif": encode(GRAY, "GIF"),
    "moving.gif": encode(GRAY, "GIF", save_all=True, append_images=[GRAY.rotate(90)], transparency=0),
}


def flip_bits(content: bytearray, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(1, 9)):
        content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))


def cut_short(content: bytearray, rng: np.random.Generator) -> None:
    del content[rng.integers(1, len(content)) :]


def insert(content: bytearray, rng: np.random.Generator) -> None:
    place = rng.integers(len(content) + 1)
    content[place:place] = rng.bytes(int(rng.integers(1, 33)))


def set_extremes(content: bytearray, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(1, 3)):
        place = int(rng.integers(min(len(content), 200)))  # mostly headers
        size = int(rng.choice([1, 2, 4]))
        value = [b"\0" * size, b"\xff" * size, b"\x7f" + b"\xff" * (size - 1), b"\1" + b"\0" * (size - 1)]
        content[place : place + size] = value[rng.integers(len(value))][:: rng.choice([-1, 1])]


def repeat(content: bytearray, rng: np.random.Generator) -> None:
    start = int(rng.integers(len(content)))
    piece = content[start : start + int(rng.integers(1, 200))]
    place = rng.integers(len(content) + 1)
    content[place:place] = piece * int(rng.integers(1, 5))


MUTATIONS = (flip_bits, cut_short, insert, set_extremes, repeat)


def damage(content: bytes, rng: np.random.Generator, start: int) -> bytes:
    """Return the file after one to three mutations, the first of them given by its number."""
    damaged = bytearray(content)
    for number in itertools.chain([start], rng.integers(len(MUTATIONS), size=rng.integers(3))):
        MUTATIONS[number % len(MUTATIONS)](damaged, rng)
        damaged = damaged or bytearray(b"\0")
    return bytes(damaged)


def outcome(content: bytes) -> Picture | str:
    """Return the picture, or the reason why there is none."""
    try:
        return decode(content)
    except InputError as error:
        return str(error)


@pytest.mark.parametrize("name", SOURCES)
def test_a_damaged_file_is_decoded_or_refused(name: str):
    assert decode(SOURCES[name]).gray.shape == (40, 40)
    rng = np.random.default_rng(list(name.encode()))
    for number in range(FILES_PER_FORMAT):
        content = damage(SOURCES[name], rng, number)
        before = time.process_time()
        found = outcome(content)
        assert time.process_time() - before < 1, number
        if isinstance(found, Picture):
            assert found.gray.shape == found.pixels.shape[:2], number
            continue
        assert found.isprintable(), number
        assert found.startswith("it "), number
        assert len(found) < 130, number
        assert "ype-check" not in found, number  # a wrong shape inside the library is no damage
