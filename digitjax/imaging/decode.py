"""Any picture file to pixels, as a person sees the picture, within fixed bounds of memory."""

import io
import os
import textwrap
import threading
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Shaped, UInt8
from PIL import ExifTags, Image, ImageFile, JpegImagePlugin, TiffImagePlugin, UnidentifiedImageError

from digitjax.errors import InputError
from digitjax.imaging.color import to_rgb

MAX_BYTES = 50_000_000
MAX_PIXELS = 120_000_000
MAX_MEMORY = 240_000_000
WORKING_SIDE = 1400
"""Pictures with a longer side, in pixels, are reduced to it before they are read."""


@dataclass(frozen=True)
class Limits:
    """What a picture may cost; a larger one is refused before it is decoded."""

    max_bytes: int = MAX_BYTES
    """Bytes of the file."""
    max_pixels: int = MAX_PIXELS
    """Pixels of the picture."""
    max_memory: int = MAX_MEMORY
    """Bytes that the file and its decoder hold at their peak, about."""


DEFAULT_LIMITS = Limits()


@runtime_checkable
class Readable(Protocol):
    """An open binary file, or anything else that bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes."""


Source = str | os.PathLike[str] | bytes | Readable | np.ndarray


@dataclass(frozen=True)
class Picture:
    """A picture as displayed, after EXIF orientation and over its ground."""

    pixels: UInt8[np.ndarray, "h w 3"]
    """Red, green and blue (sRGB), reduced to the working size. Read only."""
    width: int
    """Width of the whole picture, in pixels."""
    height: int
    """Height of the whole picture, in pixels."""

    @cached_property
    def grey(self) -> UInt8[np.ndarray, "h w"]:
        """Luminance (ITU-R 601), reduced to the working size. Read only."""
        return np.asarray(Image.fromarray(self.pixels).convert("L"))


_ONE_AT_A_TIME = threading.Lock()  # bounds the memory; and warnings are silenced for all threads at once
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}  # of a pixel in Pillow; others take 4
_COPIES = {"WEBP": 4, "HEIF": 3}  # of the frame, that a decoder holds at its peak; others hold 1
_MAX_SCANS = 100  # of a progressive JPEG: each takes the time of a whole picture, however few its bytes
_MAX_EXIF = 70_000  # bytes: a JPEG holds 65,533, and entries can claim the same bytes many times over
_STRIP = 1_000_000  # pixels that are converted at once
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(source: Source, limits: Limits = DEFAULT_LIMITS) -> Picture:
    """Decode a picture: PNG, JPEG, WebP, BMP, TIFF, GIF, and HEIC with the extra `heic`.

    Of several frames the first is taken. Colour profiles are not applied. Threads take turns.

    Args:
        source: a path, the bytes of a file, an open file, or pixels: uint8 (h, w), (h, w, 3) or (h, w, 4).
        limits: what the picture may cost.

    Raises:
        InputError: it is missing, too large, empty, damaged, cut short, or no picture.
    """
    if isinstance(source, np.ndarray):
        return _displayed(Image.fromarray(_checked(source)), (source.shape[1], source.shape[0]))
    content = _read(source, limits)
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what decoders mend by themselves
        try:
            with _open(content) as image:
                size = image.size
                _admit(image, len(content), limits)
                return _displayed(image, size)
        except InputError:
            raise
        except Image.DecompressionBombError:
            raise InputError(
                f"it has far too many pixels: reduce it to {limits.max_pixels:,} or fewer"
            ) from None
        except UnidentifiedImageError:
            raise InputError(
                "it is not a picture that can be read: use PNG, JPEG, WebP, BMP, TIFF or GIF"
            ) from None
        except Exception as error:  # decoders raise nearly anything on a damaged file
            raise InputError(f"it is damaged ({_one_line(error)}): save it again") from error


# --------------------------------------------------------------------------------------- opening


def _read(source: str | os.PathLike[str] | bytes | Readable, limits: Limits) -> bytes:
    try:
        if isinstance(source, (str, os.PathLike)):
            with Path(source).open("rb") as file:
                content = file.read(limits.max_bytes + 1)
        else:
            content = source if isinstance(source, bytes) else source.read(limits.max_bytes + 1)
    except (OSError, ValueError) as error:  # ValueError: a closed file, or a null character in the path
        reason = error.strerror if isinstance(error, OSError) else None
        raise InputError(f"it cannot be opened: {reason or _one_line(error)}") from None
    if not content:
        raise InputError("it is empty")
    if not isinstance(content, bytes):
        raise InputError("it is open as text: open it in binary mode")
    if len(content) > limits.max_bytes:
        raise InputError(f"it is larger than {limits.max_bytes:,} bytes: reduce it")
    return content


def _checked(pixels: Shaped[np.ndarray, "..."]) -> UInt8[np.ndarray, "..."]:
    if (
        pixels.dtype != np.uint8
        or pixels.ndim not in (2, 3)
        or (pixels.ndim == 3 and pixels.shape[2] not in (3, 4))
    ):
        raise InputError(
            f"pixels are {pixels.dtype} {pixels.shape}: they must be uint8 (h, w), (h, w, 3) or (h, w, 4)"
        )
    if not pixels.size:
        raise InputError("it is empty")
    return pixels


class _Metered(io.BytesIO):
    """A file that stops a decoder which reads far more than the pixels need: metadata without end."""

    reads_left = 1_000_000
    bytes_left = 4_000_000
    """Until the pixels are allowed for."""

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.reads_left -= 1
        self.bytes_left -= len(content)
        if self.reads_left < 0 or self.bytes_left < 0:
            raise InputError("it holds far more than a picture needs: save it again")
        return content


class _Jpeg(JpegImagePlugin.JpegImageFile):
    """A JPEG whose EXIF data are left alone until its size is known."""

    def _read_dpi_from_exif(self) -> None:
        pass


def _open(content: bytes) -> ImageFile.ImageFile:
    """Open a file without decoding it."""
    if content.startswith(b"\xff\xd8\xff"):
        return _Jpeg(_Metered(content))
    if content.startswith(b"RIFF"):
        return Image.open(io.BytesIO(content), formats=["WEBP"])  # it reads the file whole
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        try:
            import pillow_heif
        except ImportError:
            raise InputError("it is HEIC: pip install 'digitjax[heic]', or save it as JPEG") from None
        pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
        return Image.open(io.BytesIO(content), formats=["HEIF"])
    return Image.open(_Metered(content), formats=["PNG", "BMP", "TIFF", "GIF"])


def _admit(image: ImageFile.ImageFile, file_bytes: int, limits: Limits) -> None:
    """Set an opened picture to the scale that it will be decoded at.

    Raises:
        InputError: it costs more than the limits.
    """
    width, height = image.size
    if width * height > limits.max_pixels:
        raise InputError(f"it has {width * height:,} pixels: reduce it to {limits.max_pixels:,} or fewer")
    if isinstance(image.fp, _Metered):
        image.fp.bytes_left += 8 * width * height
    image.draft(None, _working_size(image.size))  # only some decoders can
    if file_bytes + _memory(image, (width, height)) > limits.max_memory:
        raise InputError(
            f"it is too large to decode ({width} x {height} pixels): reduce it, or save it as JPEG"
        )


def _memory(image: ImageFile.ImageFile, size: tuple[int, int]) -> int:
    """Return about how many bytes decoding takes at its peak, the reduction in strips with it.

    Args:
        image: opened, and set to the scale that it will be decoded at.
        size: width and height of the whole picture.
    """
    frame = image.width * image.height * _BYTES.get(image.mode, 4)
    row = image.width * max(1, max(image.size) // WORKING_SIDE)  # pixels behind one row of the result
    rest = 24 * max(_STRIP, row)  # the strips, and what is made of the reduced picture
    if isinstance(image, JpegImagePlugin.JpegImageFile) and _has_many_scans(image):
        samples = [across * down for _, across, down, _ in image.layer]
        return frame + rest + 2 * size[0] * size[1] * sum(samples) // max(samples)  # all coefficients
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        turned = image.tag_v2.get(ExifTags.Base.Orientation, 1) != 1
        return frame * (1 + turned) + rest + _tiff_block(image)
    run_lengths = image.tile and image.tile[0].codec_name == "bmp_rle"
    return frame * (3 if run_lengths else _COPIES.get(image.format or "", 1)) + rest


def _has_many_scans(image: JpegImagePlugin.JpegImageFile) -> bool:
    """Whether the decoder must hold the whole picture, because each scan of the file holds a part of it.

    Raises:
        InputError: it has far too many scans.
    """
    assert isinstance(image.fp, io.BytesIO)
    header = 8 + 2 * image.layers  # bytes of the first scan's header, which has just been read
    image.fp.seek(image.fp.tell() - header)
    whole = image.fp.read(5) == b"\xff\xda" + bytes([0, header - 2, image.layers])
    if whole and not image.info.get("progressive"):
        return False
    if image.fp.getvalue().count(b"\xff\xda") > _MAX_SCANS:
        raise InputError(f"it has more than {_MAX_SCANS} scans: save it again")
    return True


def _tiff_block(image: TiffImagePlugin.TiffImageFile) -> int:
    """Return the bytes of one strip or tile, as the file says: libtiff holds it whole, beside the frame."""
    tags = image.tag_v2
    width = tags.get(TiffImagePlugin.TILEWIDTH, image.width)
    height = tags.get(
        TiffImagePlugin.TILELENGTH, min(tags.get(TiffImagePlugin.ROWSPERSTRIP, image.height), image.height)
    )
    bits = sum(tags.get(TiffImagePlugin.BITSPERSAMPLE, (1,)))
    return width * height * (bits + 8) // 8


def _one_line(error: Exception) -> str:
    """Return what a decoder says, cut to a short line that can be printed."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(error))
    return textwrap.shorten(text, 80, placeholder="…") or type(error).__name__


# --------------------------------------------------------------------------------------- displaying


def _displayed(image: Image.Image, size: tuple[int, int]) -> Picture:
    """Decode an opened picture whose whole size is given, and turn it as its EXIF orientation says."""
    image.load()
    orientation = _orientation(image)
    reduced = _reduced(image)
    if orientation in _TURNS:
        reduced = reduced.transpose(_TURNS[orientation])
    width, height = size if orientation not in (5, 6, 7, 8) else size[::-1]
    return Picture(to_rgb(reduced), width, height)


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; damaged metadata leave a picture as it is."""
    with suppress(Exception):
        if len(image.info.get("exif", b"")) <= _MAX_EXIF:
            orientation = image.getexif().get(ExifTags.Base.Orientation)
            return int(orientation) if orientation in _TURNS else 1
    return 1


def _working_size(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, WORKING_SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _reduced(image: Image.Image) -> Image.Image:
    """Reduce to the working size by means over areas, as F (more than 8 bits), RGBA (transparent) or RGB.

    It goes strip by strip, so that a large picture is never copied whole.
    """
    mode = "F" if image.mode[0] in "IF" else "RGBA" if image.has_transparency_data else "RGB"
    width, height = _working_size(image.size)
    reduced = Image.new(mode, (width, height))
    scale = image.height / height
    step = max(1, int(_STRIP / (image.width * scale)))
    for start in range(0, height, step):
        stop = min(start + step, height)
        top, bottom = int(start * scale), min(int(np.ceil(stop * scale)), image.height)
        strip = image.crop((0, top, image.width, bottom)).convert(mode)
        box = (0, start * scale - top, strip.width, min(stop * scale - top, strip.height))
        reduced.paste(strip.resize((width, stop - start), Image.Resampling.BOX, box), (0, start))
    return reduced
