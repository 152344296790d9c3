"""Decoding of picture files to RGB pixels as displayed, within fixed bounds of memory."""

import ctypes
import io
import threading
import warnings
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import UInt8
from PIL import (
    ExifTags,
    Image,
    ImageFile,
    JpegImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    _imaging,
)

from digitjax.errors import InputError
from digitjax.imaging.box import Box
from digitjax.imaging.color import ColorParams, to_rgb
from digitjax.imaging.source import Source, one_line, read_bytes, validate_pixels


@dataclass(frozen=True)
class DecodeParams:
    """Parameters of `decode`.

    The limits keep the memory and the time that hostile files take within bounds.
    """

    color: ColorParams = field(default_factory=ColorParams)
    """Parameters of the conversion to RGB."""
    working_side: int = 1400
    """Longer side, in pixels, to which larger pictures are reduced."""
    max_bytes: int = 50_000_000
    """Largest file, in bytes."""
    max_pixels: int = 120_000_000
    """Largest picture, in pixels."""
    max_memory: int = 240_000_000
    """Bytes that the file and its decoder may hold at their peak, approximately: enough for a WebP of 12 megapixels."""
    max_scans: int = 100
    """Scans of a progressive JPEG: each takes the time of a whole picture, however few its bytes."""
    max_exif: int = 70_000
    """Bytes of EXIF data: a JPEG holds 65,533, and entries can claim the same bytes many times over."""
    max_strips: int = 100_000
    """Strips or tiles of a TIFF: Pillow holds 360 bytes about each before it decodes the first."""
    max_reads: int = 1_000_000
    """Calls of a decoder that read from the file."""
    max_header: int = 4_000_000
    """Bytes that a decoder may read from the file before its size is known."""
    bytes_per_pixel: int = 8
    """Bytes that a decoder may read from the file in addition for each of its pixels."""
    strip_pixels: int = 1_000_000
    """Pixels that are converted at once while a picture is reduced, which bounds their memory."""


@dataclass(frozen=True)
class Picture:
    """A picture as displayed: turned by its EXIF orientation, and opaque."""

    pixels: UInt8[np.ndarray, "h w 3"]
    """Red, green and blue (sRGB), reduced to the working size; read only."""
    width: int
    """Width of the whole picture, in pixels."""
    height: int
    """Height of the whole picture, in pixels."""

    @cached_property
    def gray(self) -> UInt8[np.ndarray, "h w"]:
        """Luminance (ITU-R 601), reduced to the working size; read only."""
        return np.asarray(Image.fromarray(self.pixels).convert("L"))

    def reduce_boxes(self, boxes: Iterable[Box]) -> list[Box]:
        """Return boxes of the whole picture as boxes of `pixels`."""
        height, width = self.pixels.shape[:2]
        scale = np.array([width / self.width, height / self.height] * 2)
        return [Box(*np.rint(box.corners * scale).astype(int).tolist()) for box in boxes]


_DECODER_LOCK = threading.Lock()  # bounds the memory; and warnings are silenced for all threads at once
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_PIXEL_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}  # by Pillow's mode; others take 4
_ROW_BYTES = 8  # of Pillow's pointer to each row
_FRAME_COPIES = {"WEBP": 4, "HEIF": 3}  # copies of the frame that a decoder holds at its peak; others hold 1
_ORIENTATIONS = {  # how to display a picture, by its EXIF orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

with suppress(AttributeError):  # where Pillow hides its libtiff, or has none
    # libtiff prints a line for each damaged row, past Python. The symbol is found among the libraries of Pillow.
    ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


def decode(source: Source, params: DecodeParams = DecodeParams()) -> Picture:
    """Decode a picture: PNG, JPEG, WebP, BMP, TIFF, GIF, and HEIC with the extra `heic`.

    The first of several frames is decoded. Color profiles are not applied. Threads take turns.

    Args:
        source: a path, the bytes of a file, an open file, or pixels: uint8 (h, w), (h, w, 3) or (h, w, 4).
        params: limits of the file and its decoder, and the size to reduce it to.

    Returns:
        The picture as displayed.

    Raises:
        InputError: the source is missing, too large, empty, damaged, cut short, or no picture.
    """
    if isinstance(source, np.ndarray):
        return _display(Image.fromarray(validate_pixels(source)), (source.shape[1], source.shape[0]), params)
    content = read_bytes(source, params.max_bytes)
    with _DECODER_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what decoders repair by themselves
        try:
            with _open(content, params) as image:
                size = image.size
                _prepare(image, len(content), params)
                return _display(image, size, params)
        except InputError:
            raise
        except Image.DecompressionBombError:
            raise InputError(
                f"it has far too many pixels: reduce it to {params.max_pixels:,} or fewer"
            ) from None
        except UnidentifiedImageError:
            raise InputError(
                "it is not a picture that can be read: use PNG, JPEG, WebP, BMP, TIFF or GIF"
            ) from None
        except Exception as error:  # decoders raise nearly anything on a damaged file
            raise InputError(f"it is damaged ({one_line(error)}): save it again") from error


# --------------------------------------------------------------------------------------- opening


class _MeteredFile(io.BytesIO):
    """A file that stops a decoder which reads far more than the pixels need: metadata without end."""

    def __init__(self, content: bytes, params: DecodeParams) -> None:
        super().__init__(content)
        self.params = params
        """The limits."""
        self._reads_left = params.max_reads
        self.bytes_left = params.max_header
        """Bytes that may still be read; to be increased once the number of pixels is known."""

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self._reads_left -= 1
        self.bytes_left -= len(content)
        if self._reads_left < 0 or self.bytes_left < 0:
            raise InputError("it holds far more than a picture needs: save it again")
        return content


class _Jpeg(JpegImagePlugin.JpegImageFile):
    """A JPEG whose EXIF data are not read until its size is known."""

    def _read_dpi_from_exif(self) -> None:
        pass


class _Tiff(TiffImagePlugin.TiffImageFile):
    """A TIFF whose strips or tiles are counted before Pillow makes a record of each."""

    def _setup(self) -> None:
        assert isinstance(self.fp, _MeteredFile)
        limit = self.fp.params.max_strips
        for tag in (TiffImagePlugin.STRIPOFFSETS, TiffImagePlugin.TILEOFFSETS):
            if len(self.tag_v2.get(tag, ())) > limit:
                raise InputError(f"it has more than {limit:,} strips or tiles: save it again")
        super()._setup()


def _open(content: bytes, params: DecodeParams) -> ImageFile.ImageFile:
    """Open a file without decoding it."""
    if content.startswith(b"\xff\xd8\xff"):
        return _Jpeg(_MeteredFile(content, params))
    if content.startswith(b"RIFF"):
        return Image.open(io.BytesIO(content), formats=["WEBP"])  # its decoder reads the whole file
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        try:
            import pillow_heif
        except ImportError:
            raise InputError("it is HEIC: pip install 'digitjax[heic]', or save it as JPEG") from None
        pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
        return Image.open(io.BytesIO(content), formats=["HEIF"])
    if content.startswith(tuple(TiffImagePlugin.PREFIXES)):
        return _Tiff(_MeteredFile(content, params))
    return Image.open(_MeteredFile(content, params), formats=["PNG", "BMP", "GIF"])


def _prepare(image: ImageFile.ImageFile, file_bytes: int, params: DecodeParams) -> None:
    """Set an opened picture to the scale that it will be decoded at.

    Raises:
        InputError: it costs more than the limits.
    """
    width, height = image.size
    if width * height > params.max_pixels:
        raise InputError(f"it has {width * height:,} pixels: reduce it to {params.max_pixels:,} or fewer")
    if isinstance(image.fp, _MeteredFile):
        image.fp.bytes_left += params.bytes_per_pixel * width * height
    image.draft(None, _working_size(image.size, params))  # only some decoders can
    if file_bytes + _peak_memory(image, (width, height), params) > params.max_memory:
        raise InputError(
            f"it is too large to decode ({width} x {height} pixels): reduce it, or save it as JPEG"
        )


def _peak_memory(image: ImageFile.ImageFile, size: tuple[int, int], params: DecodeParams) -> int:
    """Return about how many bytes decoding takes at its peak, including the reduction in strips.

    Args:
        image: opened, and set to the scale that it will be decoded at.
        size: width and height of the whole picture, in pixels.
        params: parameters of the decoding.
    """
    row_bytes = -(-image.width * _PIXEL_BYTES.get(image.mode, 4) // 4) * 4  # padded to whole words
    frame = image.height * (row_bytes + _ROW_BYTES)
    row = image.width * max(1, max(image.size) // params.working_side)  # pixels behind one row of the result
    strips = 24 * max(params.strip_pixels, row)  # and what is computed from the reduced picture
    if isinstance(image, JpegImagePlugin.JpegImageFile) and _has_many_scans(image, params):
        samples = [horizontal * vertical for _, horizontal, vertical, _ in image.layer]
        return frame + strips + 2 * size[0] * size[1] * sum(samples) // max(samples)  # all coefficients
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        is_turned = image.tag_v2.get(ExifTags.Base.Orientation, 1) != 1
        return frame * (1 + is_turned) + strips + _tiff_block(image)
    is_run_length = image.tile and image.tile[0].codec_name == "bmp_rle"
    return frame * (3 if is_run_length else _FRAME_COPIES.get(image.format or "", 1)) + strips


def _has_many_scans(image: JpegImagePlugin.JpegImageFile, params: DecodeParams) -> bool:
    """Whether each scan of the file holds a part of the whole picture, which the decoder must then hold.

    Raises:
        InputError: it has far too many scans.
    """
    assert isinstance(image.fp, io.BytesIO)
    header = 8 + 2 * image.layers  # bytes of the first scan's header, which has just been read
    image.fp.seek(image.fp.tell() - header)
    has_all_layers = image.fp.read(5) == b"\xff\xda" + bytes([0, header - 2, image.layers])
    if has_all_layers and not image.info.get("progressive"):
        return False
    if image.fp.getvalue().count(b"\xff\xda") > params.max_scans:
        raise InputError(f"it has more than {params.max_scans} scans: save it again")
    return True


def _tiff_block(image: TiffImagePlugin.TiffImageFile) -> int:
    """Return the bytes of one strip or tile by the file's header: libtiff holds it whole, beside the frame."""
    tags = image.tag_v2
    width = tags.get(TiffImagePlugin.TILEWIDTH, image.width)
    height = tags.get(
        TiffImagePlugin.TILELENGTH, min(tags.get(TiffImagePlugin.ROWSPERSTRIP, image.height), image.height)
    )
    bits = sum(tags.get(TiffImagePlugin.BITSPERSAMPLE, (1,)))
    return width * height * (bits + 8) // 8


# --------------------------------------------------------------------------------------- displaying


def _display(image: Image.Image, size: tuple[int, int], params: DecodeParams) -> Picture:
    """Decode an opened picture of a known whole size, and turn it by its EXIF orientation."""
    image.load()
    orientation = _orientation(image, params)
    reduced = _reduce(image, params)
    if orientation in _ORIENTATIONS:
        reduced = reduced.transpose(_ORIENTATIONS[orientation])
    width, height = size if orientation not in (5, 6, 7, 8) else size[::-1]
    return Picture(to_rgb(reduced, params.color), width, height)


def _orientation(image: Image.Image, params: DecodeParams) -> int:
    """Return the EXIF orientation, 1 to 8; damaged metadata leave a picture as it is."""
    with suppress(Exception):
        if len(image.info.get("exif", b"")) <= params.max_exif:
            orientation = image.getexif().get(ExifTags.Base.Orientation)
            return int(orientation) if orientation in _ORIENTATIONS else 1
    return 1


def _working_size(size: tuple[int, int], params: DecodeParams) -> tuple[int, int]:
    """Return the width and height, in pixels, to which a picture is reduced."""
    scale = min(1.0, params.working_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _reduce(image: Image.Image, params: DecodeParams) -> Image.Image:
    """Reduce to the working size by means over areas, as F (more than 8 bits), RGBA (transparent) or RGB.

    Works strip by strip, so that a large picture is never copied whole.
    """
    mode = "F" if image.mode[0] in "IF" else "RGBA" if image.has_transparency_data else "RGB"
    width, height = _working_size(image.size, params)
    reduced = Image.new(mode, (width, height))
    scale = image.height / height
    step = max(1, int(params.strip_pixels / (image.width * scale)))
    for start in range(0, height, step):
        stop = min(start + step, height)
        top, bottom = int(start * scale), min(int(np.ceil(stop * scale)), image.height)
        strip = image.crop((0, top, image.width, bottom)).convert(mode)
        box = (0, start * scale - top, strip.width, min(stop * scale - top, strip.height))
        reduced.paste(strip.resize((width, stop - start), Image.Resampling.BOX, box), (0, start))
    return reduced
