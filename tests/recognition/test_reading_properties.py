"""What no reading may depend on: polarity, margins, orientation, the form and the compression of the file, the size."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from digitjax.recognition import recognizer
from digitjax.recognition.normalize import SIDE
from digitjax.recognition.recognizer import Recognizer
from tests.recognition.drawing import digit_picture, encode, strokes

LEAST_AGREEMENT = 0.99
TURNS = {  # EXIF orientations, and what undoes them
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
    "WebP": {"lossless": True, "exact": True},
}


@pytest.fixture(scope="module")
def reader() -> Recognizer:
    return recognizer.load()


# --------------------------------------------------------------------------------------- changes


def inverted(picture: Image.Image) -> bytes:
    return encode(ImageOps.invert(picture))


def padded(picture: Image.Image, margin: int = 20) -> bytes:
    """Widen the paper by its own colour: that of the border."""
    pixels = np.asarray(picture)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colour = tuple(int(value) for value in np.median(border.reshape(len(border), -1), axis=0))
    return encode(ImageOps.expand(picture, margin, colour if len(colour) > 1 else colour[0]))


def turned(picture: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(picture.transpose(TURNS[orientation]), exif=exif)


def compressed(picture: Image.Image, quality: int) -> bytes:
    return encode(picture, "JPEG", quality=quality)


def scaled(picture: Image.Image, scale: float) -> bytes:
    size = (round(picture.width * scale), round(picture.height * scale))
    return encode(picture.resize(size, Image.Resampling.LANCZOS))


# --------------------------------------------------------------------------------------- drawn digits


@st.composite
def drawings(draw: st.DrawFn) -> Image.Image:
    """Digits of straight lines, or of scikit-learn's, with a pen and on paper of any grey."""
    if draw(st.booleans()):
        return Image.fromarray(
            digit_picture(
                draw(st.integers(0, 9)), dark_pen=draw(st.booleans()), count=draw(st.integers(1, 4))
            )
        )
    ink = strokes(draw(st.text("0123456789", min_size=1, max_size=5)), pen=draw(st.integers(4, 10)))
    paper = draw(st.integers(0, 255))
    pen = draw(st.integers(0, 255).filter(lambda value: abs(value - paper) >= 60))
    return Image.fromarray(np.where(ink, pen, paper).astype(np.uint8))


@given(picture=drawings())
@settings(max_examples=25)
def test_light_on_dark_is_read_as_dark_on_light(reader: Recognizer, picture: Image.Image):
    assert reader.read(inverted(picture)).text == reader.read(encode(picture)).text


@given(picture=drawings(), margin=st.integers(1, 120))
@settings(max_examples=25)
def test_more_paper_around_changes_nothing(reader: Recognizer, picture: Image.Image, margin: int):
    assert reader.read(padded(picture, margin)).text == reader.read(encode(picture)).text


@given(picture=drawings(), orientation=st.sampled_from(sorted(TURNS)))
@settings(max_examples=25)
def test_a_picture_is_read_as_it_is_displayed(reader: Recognizer, picture: Image.Image, orientation: int):
    assert reader.read(turned(picture, orientation)).text == reader.read(encode(picture)).text


@given(picture=drawings(), form=st.sampled_from(sorted(LOSSLESS)))
@settings(max_examples=25)
def test_the_form_of_the_file_changes_nothing(reader: Recognizer, picture: Image.Image, form: str):
    assert reader.read(encode(picture, form, **LOSSLESS[form])).text == reader.read(encode(picture)).text


# --------------------------------------------------------------------------------------- real pictures

CHANGES: dict[str, Callable[[Image.Image], bytes]] = {
    "inverted": inverted,
    "padded": padded,
    **{f"turned {orientation}": lambda p, o=orientation: turned(p, o) for orientation in (3, 6)},
    **{form: lambda p, f=form: encode(p, f, **LOSSLESS[f]) for form in LOSSLESS},
    **{f"JPEG {quality}": lambda p, q=quality: compressed(p, q) for quality in (70, 80, 95)},
    **{f"scaled by {scale}": lambda p, s=scale: scaled(p, s) for scale in (0.5, 0.75, 1.5, 3.0)},
}


def real_pictures(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    """Return the pictures of people's handwriting, in RGB as displayed."""
    with (folder / "manifest.csv").open(newline="") as manifest:
        for row in csv.DictReader(manifest):
            with Image.open(folder / row["file"]) as image:
                yield row["file"], ImageOps.exif_transpose(image).convert("RGB")


def disagreements(
    reader: Recognizer, folder: Path, change: Callable[[Image.Image], bytes]
) -> tuple[int, list[tuple[str, str, str]]]:
    """Return how many pictures were changed, and those that are read in another way: file, text before and after."""
    count, others = 0, []
    for name, picture in real_pictures(folder):
        content = change(picture)
        with Image.open(io.BytesIO(content)) as changed:
            if changed.size != picture.size and (min(picture.size) <= SIDE or min(changed.size) < SIDE):
                continue
        count += 1
        before, after = reader.read(encode(picture)).text, reader.read(content).text
        if before != after:
            others.append((name, before, after))
    return count, others


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_real_handwriting_is_read_the_same(
    reader: Recognizer, test_data: Path, change: Callable[[Image.Image], bytes]
):
    count, others = disagreements(reader, test_data / "handwriting-dev", change)
    assert count > 100
    assert 1 - len(others) / count >= LEAST_AGREEMENT, others
