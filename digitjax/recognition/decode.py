"""Any picture file to grey pixels, as a person sees the picture."""

import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from digitjax.errors import InputError

MAX_BYTES = 50_000_000
MAX_PIXELS = 120_000_000
WORKING_SIDE = 1600
"""Pictures with a longer side, in pixels, are reduced to it before they are read."""


@runtime_checkable
class Readable(Protocol):
    """An open binary file, or anything else that bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes."""


Source = str | os.PathLike[str] | bytes | Readable | np.ndarray


@dataclass(frozen=True)
class Picture:
    """A picture as displayed, after EXIF orientation and over its background."""

    grey: UInt8[np.ndarray, "h w"]
    """Luminance, reduced to the working size."""
    width: int
    """Width of the whole picture, in pixels."""
    height: int
    """Height of the whole picture, in pixels."""


def decode(source: Source) -> Picture:
    """Decode a picture.

    Args:
        source: a path, the bytes of a file, an open file, or pixels: uint8 (h, w) or (h, w, 3).

    Raises:
        InputError: it is missing, too large, empty, damaged, or no picture.
    """
    if isinstance(source, np.ndarray):
        return _displayed(_from_pixels(source))
    content = _read(source)
    try:
        with _open(content) as image:
            if image.width * image.height > MAX_PIXELS:
                raise InputError(
                    f"it has {image.width * image.height:,} pixels: reduce it to {MAX_PIXELS:,} or fewer"
                )
            image.draft("L", (WORKING_SIDE, WORKING_SIDE))  # JPEG alone: decode at a reduced scale
            size = image.size
            image.load()
            return _displayed(image, size)
    except InputError:
        raise
    except Image.DecompressionBombError:
        raise InputError(f"it has far too many pixels: reduce it to {MAX_PIXELS:,} or fewer") from None
    except UnidentifiedImageError:
        raise InputError(
            "it is not a picture that can be read: use PNG, JPEG, WebP, BMP, TIFF or GIF"
        ) from None
    except Exception as error:  # decoders raise nearly anything on a damaged file
        raise InputError(f"it is damaged ({error}): save it again") from error


def _open(content: bytes) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own cap is checked next
        return Image.open(io.BytesIO(content))


def _read(source: str | os.PathLike[str] | bytes | Readable) -> bytes:
    if isinstance(source, (str, os.PathLike)):
        try:
            with Path(source).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise InputError(f"it cannot be opened: {error.strerror}") from None
    else:
        content = source if isinstance(source, bytes) else source.read(MAX_BYTES + 1)
    if not content:
        raise InputError("it is empty")
    if len(content) > MAX_BYTES:
        raise InputError(f"it is larger than {MAX_BYTES:,} bytes: reduce it")
    return content


def _from_pixels(pixels: np.ndarray) -> Image.Image:
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
    return Image.fromarray(pixels)


def _displayed(image: Image.Image, size: tuple[int, int] | None = None) -> Picture:
    oriented = ImageOps.exif_transpose(image)
    width, height = size or image.size
    if (oriented.width > oriented.height) != (image.width > image.height):
        width, height = height, width
    grey = _luminance(oriented)
    grey.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
    return Picture(np.asarray(grey), width, height)


def _luminance(image: Image.Image) -> Image.Image:
    """Convert to 8-bit grey, transparent parts laid over what the visible ones stand out from."""
    if image.mode.startswith(("I", "F")):  # 16 or 32 bits a pixel
        values = np.asarray(image, np.float64)
        full = 65535 if image.mode.startswith("I") else max(values.max(), 1.0)
        return Image.fromarray((values.clip(0, full) * (255 / full)).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("L")
    grey, alpha = image.convert("LA").split()
    values, opacity = np.asarray(grey, np.float32), np.asarray(alpha, np.float32) / 255
    visible = values[opacity > 0.5]
    background = 255 if not visible.size or np.median(visible) < 128 else 0
    return Image.fromarray((values * opacity + background * (1 - opacity)).astype(np.uint8))
