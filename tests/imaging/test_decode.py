"""Every format, orientation and depth is decoded; what is too large or damaged is refused in one line."""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageFile

from digitjax.errors import InputError
from digitjax.imaging.decode import DecodeParams, decode
from digitjax.imaging.source import Source
from tests.recognition.drawing import encode

GRAY = (np.arange(48 * 64).reshape(48, 64) % 251).astype(np.uint8)
COLORS = np.stack([GRAY, GRAY[::-1], 255 - GRAY], axis=-1)
LOSSLESS = {
    "PNG": {},
    "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
    "WebP": {"lossless": True, "exact": True},
    "GIF": {},
}


def pixels(max_channels: int) -> st.SearchStrategy[np.ndarray]:
    side = st.integers(1, 24)
    shapes = [st.tuples(side, side), st.tuples(side, side, st.just(3)), st.tuples(side, side, st.just(4))]
    return st.one_of(shapes[: max(1, max_channels - 1)]).flatmap(lambda shape: arrays(np.uint8, shape))


def png(*chunks: tuple[bytes, bytes], size: tuple[int, int] = (4, 4)) -> bytes:
    """Return a gray picture, by default of 4 x 4 pixels, with more chunks before its own."""
    own = [(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0)), *chunks]
    own += [(b"IDAT", zlib.compress((b"\0" + b"\x80" * size[0]) * size[1])), (b"IEND", b"")]
    parts = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in own
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiff(**tags: tuple[int, int, int]) -> bytes:
    """Return a gray picture of 4 x 4 pixels whose tags, `t` and a number, are type, count and value."""
    own = {256: (4, 1, 4), 257: (4, 1, 4), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1), 273: (4, 1, 8)}
    own |= {277: (3, 1, 1), 279: (4, 1, 16)} | {int(name[1:]): entry for name, entry in tags.items()}
    entries = b"".join(struct.pack("<HHII", tag, *own[tag]) for tag in sorted(own))
    return b"II*\0" + struct.pack("<IH", 8, len(own)) + entries + bytes(4)


# --------------------------------------------------------------------------------------- pixels


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "GIF", "WebP", "JPEG"])
def test_every_format_and_source_gives_the_same_pixels(tmp_path: Path, form: str):
    content = encode(Image.fromarray(GRAY), form, **LOSSLESS.get(form, {}))
    (tmp_path / "a").write_bytes(content)
    for source in (content, io.BytesIO(content), tmp_path / "a", str(tmp_path / "a")):
        picture = decode(source)
        assert (picture.width, picture.height) == (64, 48)
        np.testing.assert_allclose(picture.gray.astype(int), GRAY, atol=60 if form == "JPEG" else 0)


@given(pixels(max_channels=3), st.sampled_from(sorted(LOSSLESS)))
def test_a_lossless_file_gives_its_pixels(values: np.ndarray, form: str):
    if form == "GIF" and values.ndim == 3:
        values = values[..., 0]
    picture = decode(encode(Image.fromarray(values), form, **LOSSLESS[form]))
    expected = values if values.ndim == 3 else np.stack([values] * 3, axis=-1)
    np.testing.assert_array_equal(picture.pixels, expected)
    if values.ndim == 2:
        np.testing.assert_array_equal(picture.gray, values)


@given(pixels(max_channels=4))
def test_pixels_are_taken_as_they_are(values: np.ndarray):
    picture = decode(values)
    assert (picture.height, picture.width) == values.shape[:2] == picture.gray.shape
    opaque = values.ndim < 3 or values.shape[2] == 3 or values[..., 3].min() == 255
    if opaque:
        np.testing.assert_array_equal(picture.pixels[..., 0], values if values.ndim == 2 else values[..., 0])


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WebP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(form: str, orientation: int):
    turns = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    mirrored = {2: Image.Transpose.FLIP_LEFT_RIGHT, 4: Image.Transpose.FLIP_TOP_BOTTOM}
    others = {5: Image.Transpose.TRANSPOSE, 7: Image.Transpose.TRANSVERSE}
    stored = Image.fromarray(COLORS)
    if orientation > 1:
        stored = stored.transpose((turns | mirrored | others)[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(encode(stored, form, exif=exif, **LOSSLESS[form]))
    np.testing.assert_array_equal(picture.pixels, COLORS)
    assert (picture.width, picture.height) == (64, 48)


def test_the_size_of_a_large_turned_photo_is_the_displayed_one():
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = decode(encode(Image.new("RGB", (3000, 2000)), "JPEG", exif=exif))
    assert (picture.width, picture.height) == (2000, 3000)
    assert picture.pixels.shape == (1400, 933, 3)


def test_damaged_metadata_leave_a_picture_as_it_is():
    assert decode(png((b"eXIf", b"MM\0*" + b"\xff" * 30))).gray.shape == (4, 4)
    assert decode(png((b"eXIf", b"MM\0*\0\0\0\x08" + bytes(100_000)))).gray.shape == (4, 4)


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "RGB", "LA", "I;16", "I", "F", "YCbCr"])
def test_every_mode_keeps_light_and_dark(mode: str):
    half = np.zeros((10, 20), np.uint8)
    half[:, 10:] = 255
    deep = {
        "I;16": half.astype(np.uint16) * 257,
        "I": half.astype(np.int32) * 257,
        "F": half / np.float32(255),
    }
    image = Image.fromarray(deep[mode]) if mode in deep else Image.fromarray(half).convert(mode)
    forms = {"CMYK": ("TIFF", "JPEG"), "YCbCr": ("TIFF", "JPEG"), "I": ("TIFF",), "F": ("TIFF",)}
    for form in forms.get(mode, ("PNG", "TIFF")):
        gray = decode(encode(image, form)).gray
        assert gray[5, 2] < 10
        assert gray[5, 17] > 245


def test_a_palette_may_be_transparent():
    image = Image.fromarray(np.repeat([0, 1, 2], 12).reshape(6, 6).astype(np.uint8), "P")
    image.putpalette([255, 255, 255, 200, 30, 30, 0, 0, 0])
    for clear in (2, bytes([255, 255, 0])):
        colors = decode(encode(image, "PNG", transparency=clear)).pixels
        assert colors[2, 0].tolist() == [200, 30, 30]
        assert colors[5, 0].min() > 100  # not the black of the palette


@pytest.mark.parametrize("shape", [(8, 2800), (2990, 3001), (1, 5000), (4000, 1)])
def test_reduction_takes_means_over_areas(shape: tuple[int, int]):
    ramp = np.linspace(0, 255, shape[0] * shape[1]).reshape(shape).astype(np.uint8)
    picture = decode(ramp)
    assert max(picture.gray.shape) == DecodeParams().working_side
    assert picture.gray.mean() == pytest.approx(ramp.mean(), abs=1)
    assert np.abs(np.diff(picture.gray.astype(int), axis=0)).max(initial=0) <= 2 + 255 / picture.gray.shape[0]


def test_a_large_picture_is_reduced_and_its_size_is_remembered():
    for form in ("JPEG", "PNG"):
        picture = decode(encode(Image.new("L", (4000, 3000), 200), form))
        assert picture.gray.shape == (1050, 1400)
        assert (picture.width, picture.height) == (4000, 3000)
        assert np.ptp(picture.gray) == 0


# --------------------------------------------------------------------------------------- HEIC


def test_heic_is_decoded_where_its_package_is():
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    content = encode(Image.fromarray(COLORS[:, :, [0, 0, 0]]), "HEIF", quality=100)
    picture = decode(content)
    assert (picture.width, picture.height) == (64, 48)
    np.testing.assert_allclose(picture.gray.astype(int), GRAY, atol=30)
    with pytest.raises(InputError, match="it is "):
        decode(content[:-200])


def test_heic_without_its_package_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InputError, match=r"it is HEIC: pip install 'digitjax\[heic\]', or save it as JPEG"):
        decode(b"\0\0\0\x18ftypheic" + bytes(40))


# --------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"", "it is empty"),
        (b"no picture at all", "it is not a picture that can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "it is not a picture that can be read"),
        (encode(Image.fromarray(GRAY), "PPM"), "it is not a picture that can be read"),
        (encode(Image.fromarray(GRAY))[:60], "it is damaged"),
        ("nowhere.png", "it cannot be opened: No such file"),
        (".", "it cannot be opened: Is a directory"),
        ("a\0b", "it cannot be opened: .*null"),
        (io.StringIO("text"), "it is open as text: open it in binary mode"),
        (np.zeros((3, 3)), "they must be uint8"),
        (np.zeros((3, 3), bool), "they must be uint8"),
        (np.zeros((3, 3, 2), np.uint8), "they must be uint8"),
        (np.zeros((0, 3), np.uint8), "it is empty"),
    ],
)
def test_what_cannot_be_decoded_says_why(source: Source, reason: str):
    with pytest.raises(InputError, match=reason):
        decode(source)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "TIFF", "GIF", "WebP"])
def test_half_a_file_is_damaged(form: str):
    content = encode(Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40), np.uint8)), form)
    with pytest.raises(InputError, match="it is "):
        decode(content[: len(content) // 2])


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("deep\n" * 99), OverflowError("a\0b")])
def test_whatever_a_decoder_raises_becomes_one_short_line(monkeypatch: pytest.MonkeyPatch, error: Exception):
    def fail(image: Image.Image) -> None:
        raise error

    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(InputError, match="it is damaged") as caught:
        decode(png())
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 120


def test_a_picture_over_the_caps_is_refused_before_it_is_decoded():
    with pytest.raises(InputError, match="it has far too many pixels"):
        decode(encode(Image.new("1", (20_000, 10_000))))
    bomb = encode(Image.new("1", (12_000, 11_000)))
    assert len(bomb) < 40_000
    with pytest.raises(InputError, match="it has 132,000,000 pixels: reduce it"):
        decode(bomb)
    with pytest.raises(InputError, match="it is larger than 100 bytes"):
        decode(bomb, DecodeParams(max_bytes=100))
    with pytest.raises(InputError, match="it has 3,072 pixels: reduce it to 3,000 or fewer"):
        decode(encode(Image.fromarray(GRAY)), DecodeParams(max_pixels=3000))


@pytest.mark.parametrize(
    ("form", "size", "options"),
    [
        ("PNG", (8000, 7500), {}),
        ("TIFF", (5000, 6200), {"compression": "tiff_lzw", "tiffinfo": {278: 6200}}),
        ("JPEG", (9000, 8500), {"progressive": True}),
        ("WebP", (4000, 3700), {"method": 0}),
    ],
)
def test_what_would_take_too_much_memory_is_refused(form: str, size: tuple[int, int], options: dict):
    with pytest.raises(InputError, match=rf"it is too large to decode \({size[0]} x {size[1]} pixels\)"):
        decode(encode(Image.new("RGB", size), form, **options))


@pytest.mark.parametrize(
    "content",
    [
        png(size=(1, 20_000_000)),
        png(size=(8, 15_000_000)),
        tiff(t256=(4, 1, 1), t257=(4, 1, 40_000_000)),
        tiff(t256=(4, 1, 1), t257=(4, 1, 119_000_000), t258=(3, 1, 1), t259=(3, 1, 4), t278=(4, 1, 1)),
    ],
)
def test_the_rows_of_narrow_pictures_count_as_memory(content: bytes):
    with pytest.raises(InputError, match=r"it is too large to decode \([18] x "):
        decode(content)


@pytest.mark.parametrize("offsets", [273, 324])
def test_a_tiff_of_too_many_parts_is_refused(offsets: int):
    content = tiff(**{f"t{offsets}": (3, 150_000, 200)}, t257=(4, 1, 150_000), t278=(4, 1, 1))
    with pytest.raises(InputError, match=r"it has more than 100,000 strips or tiles: save it again"):
        decode(content.ljust(500_000, b"\1"))


@pytest.mark.parametrize("compression", [3, 4])
def test_a_damaged_tiff_prints_nothing(compression: int, capfd: pytest.CaptureFixture[str]):
    content = tiff(
        t256=(4, 1, 16),
        t257=(4, 1, 60_000),
        t258=(3, 1, 1),
        t259=(3, 1, compression),
        t273=(4, 1, 200),
        t279=(4, 1, 20_000),
    )
    decode(content.ljust(200) + np.random.default_rng(0).bytes(20_000))
    assert capfd.readouterr() == ("", "")


def test_a_photo_of_whole_scans_may_be_larger_than_a_progressive_one():
    assert decode(encode(Image.new("RGB", (9000, 8500)), "JPEG")).width == 9000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (png(*[(b"prVt", b"")] * 9000), "it holds far more than a picture needs"),
        (png((b"eXIf", bytes(5_000_000))), "it holds far more than a picture needs"),
        (png(*[(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**6)))] * 80), "it is damaged"),
        (tiff(t282=(5, 600_000, 200)).ljust(5_000_000, b"\1"), "it holds far more than a picture needs"),
        (tiff(t273=(4, 2**31, 200)), "it is "),
        (tiff(t322=(4, 1, 30_000), t323=(4, 1, 30_000), t259=(3, 1, 8)), "it is too large to decode"),
        (b"GIF89a\xff\xff\xff\xff\0\0\0,", "it "),
        (b"\xff\xd8" + b"\xff\xe5\0\2" * 5000, "it holds far more than a picture needs"),
    ],
)
def test_hostile_metadata_are_refused(content: bytes, reason: str):
    with pytest.raises(InputError, match=reason) as caught:
        decode(content, DecodeParams(max_reads=10_000))
    assert "\n" not in str(caught.value)


def test_a_jpeg_of_too_many_scans_is_refused():
    content = encode(Image.fromarray(GRAY), "JPEG", progressive=True)
    scan = content.rindex(b"\xff\xda")
    with pytest.raises(InputError, match="it has more than 100 scans"):
        decode(content[:scan] + content[scan:-2] * 100 + b"\xff\xd9")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")
@pytest.mark.parametrize(
    ("mode", "size"), [("RGB", (7500, 6000)), ("1", (1, 17_000_000)), ("L", (8, 12_000_000))]
)
def test_the_largest_pictures_fit_into_memory(tmp_path: Path, mode: str, size: tuple[int, int]):
    (tmp_path / "a.png").write_bytes(encode(Image.new(mode, size, "white"), compress_level=1))
    program = (
        "import re, sys; from pathlib import Path; from digitjax.imaging.decode import decode;"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]);"
        "before = peak(); decode(sys.argv[1]); print(peak() - before)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a.png")]
    grown = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert 150_000 < grown < 220_000  # kB; the frame of the first alone takes 175,800
