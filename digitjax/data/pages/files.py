"""Forms of picture files in which a page can be saved; each shows the same page."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

Encoder = Callable[[UInt8[np.ndarray, "h w"]], bytes]
"""From the grey pixels of a page to a file."""

_TURNS = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}


def png_16_bit(pixels: UInt8[np.ndarray, "h w"]) -> bytes:
    """Return a PNG of 16 bits."""
    return _save(Image.fromarray(pixels.astype(np.uint16) * 257), "PNG")


def tiff_12_bit(pixels: UInt8[np.ndarray, "h w"]) -> bytes:
    """Return a TIFF of 16 bits of which 12 are used, as medical scanners write it."""
    return _save(Image.fromarray(pixels.astype(np.uint16) * 16 + 15), "TIFF")


def jpeg_cmyk(pixels: UInt8[np.ndarray, "h w"]) -> bytes:
    """Return a JPEG of four inks."""
    return _save(Image.fromarray(pixels).convert("CMYK"), "JPEG")


def png_black_on_transparent(pixels: UInt8[np.ndarray, "h w"]) -> bytes:
    """Return a PNG whose strokes are black and whose paper is transparent."""
    return _save_alpha(0, pixels)


def png_white_on_transparent(pixels: UInt8[np.ndarray, "h w"]) -> bytes:
    """Return a PNG whose strokes are white and whose paper is transparent."""
    return _save_alpha(255, pixels)


def gif(pixels: UInt8[np.ndarray, "h w"]) -> bytes:
    """Return a GIF, with a palette."""
    return _save(Image.fromarray(pixels).convert("P"), "GIF")


def png_1_bit(pixels: UInt8[np.ndarray, "h w"]) -> bytes:
    """Return a PNG of one bit, with greys as patterns of dots."""
    return _save(Image.fromarray(pixels).convert("1"), "PNG")


def jpeg_turned(orientation: int) -> Encoder:
    """Save a JPEG that lies turned and says so with such an EXIF orientation: 3, 6 or 8."""

    def encode(pixels: UInt8[np.ndarray, "h w"]) -> bytes:
        exif = Image.Exif()
        exif[0x0112] = orientation
        return _save(Image.fromarray(pixels).transpose(_TURNS[orientation]), "JPEG", exif=exif)

    return encode


def _save_alpha(tone: int, pixels: UInt8[np.ndarray, "h w"]) -> bytes:
    channels = (Image.fromarray(np.full_like(pixels, tone)), Image.fromarray(255 - pixels))
    return _save(Image.merge("LA", channels), "PNG")


def _save(image: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()
