"""The text does not depend on polarity, margins, orientation, file format, compression and size."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from digitjax.imaging.normalize import SIDE
from digitjax.imaging.source import Source
from digitjax.recognition import recognizer
from digitjax.recognition.recognizer import Recognizer
from tests.recognition.drawing import digit_picture, encode, strokes

MIN_AGREEMENT = 0.99
INVERSE_ORIENTATIONS = {  # by EXIF orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
LOSSLESS = {
    "PNG": {"compress_level": 1},
    "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
    "WebP": {"lossless": True, "exact": True, "method": 0},
}


@pytest.fixture(scope="module")
def reader() -> Recognizer:
    return recognizer.load()


# --------------------------------------------------------------------------------------- changes


def inverted(picture: Image.Image) -> np.ndarray:
    return np.asarray(ImageOps.invert(picture))


def padded(picture: Image.Image, margin: int = 20) -> np.ndarray:
    """Pad a picture with the color of its border."""
    pixels = np.asarray(picture)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    color = tuple(int(value) for value in np.median(border.reshape(len(border), -1), axis=0))
    return np.asarray(ImageOps.expand(picture, margin, color if len(color) > 1 else color[0]))


def turned(picture: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(picture.transpose(INVERSE_ORIENTATIONS[orientation]), exif=exif, compress_level=1)


def compressed(picture: Image.Image, quality: int) -> bytes:
    return encode(picture, "JPEG", quality=quality)


def scaled(picture: Image.Image, scale: float) -> np.ndarray:
    size = (round(picture.width * scale), round(picture.height * scale))
    return np.asarray(picture.resize(size, Image.Resampling.LANCZOS))


# --------------------------------------------------------------------------------------- drawn digits


@st.composite
def drawings(draw: st.DrawFn) -> Image.Image:
    """Draw digits of straight lines, or scikit-learn's, in any gray on any other."""
    if draw(st.booleans()):
        return Image.fromarray(
            digit_picture(
                draw(st.integers(0, 9)), dark_pen=draw(st.booleans()), count=draw(st.integers(1, 4))
            )
        )
    mask = strokes(draw(st.text("0123456789", min_size=1, max_size=5)), pen=draw(st.integers(4, 10)))
    paper = draw(st.integers(0, 255))
    pen = draw(st.integers(0, 255).filter(lambda value: abs(value - paper) >= 60))
    return Image.fromarray(np.where(mask, pen, paper).astype(np.uint8))


@given(picture=drawings())
@settings(max_examples=25, derandomize=True)
def test_light_on_dark_is_read_as_dark_on_light(reader: Recognizer, picture: Image.Image):
    assert reader.read(inverted(picture)).text == reader.read(np.asarray(picture)).text


@given(picture=drawings(), margin=st.integers(1, 120))
@settings(max_examples=25, derandomize=True)
def test_a_wider_margin_changes_nothing(reader: Recognizer, picture: Image.Image, margin: int):
    assert reader.read(padded(picture, margin)).text == reader.read(np.asarray(picture)).text


@given(picture=drawings(), orientation=st.sampled_from(sorted(INVERSE_ORIENTATIONS)))
@settings(max_examples=25, derandomize=True)
def test_a_picture_is_read_as_it_is_displayed(reader: Recognizer, picture: Image.Image, orientation: int):
    assert reader.read(turned(picture, orientation)).text == reader.read(np.asarray(picture)).text


@given(picture=drawings(), form=st.sampled_from(sorted(LOSSLESS)))
@settings(max_examples=25, derandomize=True)
def test_the_file_format_changes_nothing(reader: Recognizer, picture: Image.Image, form: str):
    assert reader.read(encode(picture, form, **LOSSLESS[form])).text == reader.read(np.asarray(picture)).text


# --------------------------------------------------------------------------------------- real pictures

CHANGES: dict[str, Callable[[Image.Image], Source]] = {
    "inverted": inverted,
    "padded": padded,
    "turned": partial(turned, orientation=6),
    "WebP": partial(encode, form="WebP", **LOSSLESS["WebP"]),
}
RESAVED: dict[str, tuple[float, Callable[[Image.Image], Source]]] = {
    **{f"JPEG {quality}": (1.0, partial(compressed, quality=quality)) for quality in (70, 80, 95)},
    **{f"scaled by {scale}": (scale, partial(scaled, scale=scale)) for scale in (0.5, 0.75, 1.5, 3.0)},
}
MAX_SIDE = 5000  # longer side of a scaled picture, in pixels: recognition works on far smaller ones


@pytest.fixture(scope="module")
def pages(reader: Recognizer, test_data: Path) -> list[tuple[Image.Image, str]]:
    """Every fourth real picture, in RGB as displayed, and its text."""
    files = sorted((test_data / "handwriting-dev").glob("*.[jp]*"))
    assert len(files) > 400
    pictures = []
    for file in files[::4]:
        with Image.open(file) as image:
            pictures.append(ImageOps.exif_transpose(image).convert("RGB"))
    return [(picture, reader.read(np.asarray(picture)).text) for picture in pictures]


def disagreements(
    reader: Recognizer, pages: list[tuple[Image.Image, str]], change: Callable[[Image.Image], Source]
) -> list[tuple[int, str, str]]:
    """Return the pictures whose text changes: their number, and the text before and after."""
    texts = [(text, reader.read(change(picture)).text) for picture, text in pages]
    return [(number, *both) for number, both in enumerate(texts) if both[0] != both[1]]


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_real_handwriting_is_read_the_same(
    reader: Recognizer, pages: list[tuple[Image.Image, str]], change: Callable[[Image.Image], Source]
):
    others = disagreements(reader, pages, change)
    assert len(others) <= (1 - MIN_AGREEMENT) * len(pages), others


@pytest.mark.long
@pytest.mark.parametrize(("scale", "change"), RESAVED.values(), ids=RESAVED)
def test_real_handwriting_is_read_the_same_however_compressed_and_scaled(
    reader: Recognizer,
    pages: list[tuple[Image.Image, str]],
    scale: float,
    change: Callable[[Image.Image], Source],
):
    above = [
        (picture, text)
        for picture, text in pages
        if min(picture.size) > SIDE
        and min(picture.size) * scale >= SIDE
        and max(picture.size) * scale <= MAX_SIDE
    ]
    assert len(above) > 40
    others = disagreements(reader, above, change)
    assert len(others) <= (1 - MIN_AGREEMENT) * len(above), others
