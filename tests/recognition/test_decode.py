"""Decoding: every format, orientation and transparency; one-line reasons for the rest."""

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from digitjax.errors import InputError
from digitjax.recognition import decode as decoding
from digitjax.recognition.decode import decode
from tests.recognition.drawing import encode

GREY = (np.arange(48 * 64).reshape(48, 64) % 251).astype(np.uint8)


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "GIF", "WebP", "JPEG"])
def test_every_format_and_source_gives_the_same_pixels(tmp_path: Path, form: str):
    content = encode(Image.fromarray(GREY), form, **({"lossless": True} if form == "WebP" else {}))
    (tmp_path / "a").write_bytes(content)
    for source in (content, io.BytesIO(content), tmp_path / "a", str(tmp_path / "a")):
        picture = decode(source)
        assert (picture.width, picture.height) == (64, 48)
        np.testing.assert_allclose(picture.grey.astype(int), GREY, atol=60 if form == "JPEG" else 1)


def test_pixels_are_taken_as_they_are():
    np.testing.assert_array_equal(decode(GREY).grey, GREY)
    np.testing.assert_array_equal(decode(np.stack([GREY] * 3, axis=-1)).grey, GREY)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation: int):
    turns = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    mirrored = {2: Image.Transpose.FLIP_LEFT_RIGHT, 4: Image.Transpose.FLIP_TOP_BOTTOM}
    others = {5: Image.Transpose.TRANSPOSE, 7: Image.Transpose.TRANSVERSE}
    stored = Image.fromarray(GREY)
    if orientation > 1:
        stored = stored.transpose((turns | mirrored | others)[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(encode(stored, "PNG", exif=exif))
    np.testing.assert_array_equal(picture.grey, GREY)
    assert (picture.width, picture.height) == (64, 48)


@pytest.mark.parametrize(("pen", "paper"), [(0, 255), (255, 0)])
def test_a_transparent_ground_contrasts_with_the_pen(pen: int, paper: int):
    pixels = np.full((20, 20, 4), pen, np.uint8)
    pixels[..., 3] = 0
    pixels[8:12, 8:12, 3] = 255
    grey = decode(pixels).grey
    assert grey[10, 10] == pen
    assert grey[0, 0] == paper


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "RGB", "LA", "I;16", "I"])
def test_every_mode_keeps_light_and_dark(mode: str):
    half = np.zeros((10, 20), np.uint8)
    half[:, 10:] = 255
    if mode.startswith("I"):
        image = Image.fromarray(
            (half.astype(np.uint16) * 257).astype(np.uint16 if mode == "I;16" else np.int32)
        )
    else:
        image = Image.fromarray(half).convert(mode)
    grey = decode(encode(image, "TIFF" if mode in ("CMYK", "I") else "PNG")).grey
    assert grey[5, 2] < 10
    assert grey[5, 17] > 245


def test_a_large_picture_is_reduced_and_its_size_is_remembered():
    for form in ("JPEG", "PNG"):
        picture = decode(encode(Image.new("L", (4000, 3000), 200), form))
        assert max(picture.grey.shape) <= decoding.WORKING_SIDE
        assert (picture.width, picture.height) == (4000, 3000)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"", "it is empty"),
        (b"no picture at all", "it is not a picture that can be read"),
        (encode(Image.fromarray(GREY))[:60], "it is damaged"),
        ("nowhere.png", "it cannot be opened: No such file"),
        (".", "it cannot be opened: Is a directory"),
        (np.zeros((3, 3)), "they must be uint8"),
        (np.zeros((0, 3), np.uint8), "it is empty"),
    ],
)
def test_what_cannot_be_decoded_says_why(source: decoding.Source, reason: str):
    with pytest.raises(InputError, match=reason):
        decode(source)


def test_a_picture_over_the_caps_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InputError, match="it has far too many pixels"):
        decode(encode(Image.new("1", (20_000, 10_000))))
    bomb = encode(Image.new("1", (12_000, 11_000)))
    assert len(bomb) < 40_000
    with pytest.raises(InputError, match="it has 132,000,000 pixels: reduce it"):
        decode(bomb)
    monkeypatch.setattr(decoding, "MAX_BYTES", 100)
    with pytest.raises(InputError, match="it is larger than 100 bytes"):
        decode(bomb)


@given(st.integers(0, 10**6), st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WebP"]))
def test_a_mutated_file_is_decoded_or_refused(seed: int, form: str):
    rng = np.random.default_rng(seed)
    content = bytearray(encode(Image.fromarray(GREY[:16, :16]), form))
    for _ in range(int(rng.integers(1, 8))):
        content[rng.integers(len(content))] = rng.integers(256)
    content = content[: rng.integers(1, len(content) + 1)]
    with contextlib.suppress(InputError):
        assert decode(bytes(content)).grey.dtype == np.uint8
