"""Where a picture comes from: a path, the bytes of a file, an open file, or pixels."""

import os
import stat
import textwrap
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Shaped, UInt8

from digitjax.errors import InputError


@runtime_checkable
class Readable(Protocol):
    """An open binary file, or anything else from which bytes can be read."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes."""


Source = str | os.PathLike[str] | bytes | Readable | np.ndarray
"""A path, the bytes of a file, an open file, or pixels: uint8 (h, w), (h, w, 3) or (h, w, 4)."""


def read_bytes(source: str | os.PathLike[str] | bytes | Readable, max_bytes: int) -> bytes:
    """Return the content of a file.

    Args:
        source: a path, the bytes of a file, or an open file.
        max_bytes: size of the largest file, in bytes; no more than one byte beyond it is read.

    Raises:
        InputError: the file cannot be opened, or is empty, too large, or open as text.
    """
    try:
        if isinstance(source, (str, os.PathLike)):
            with open(source, "rb", opener=_open_at_once) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise InputError(
                        "it is a pipe or a device: save the picture as a file, or name - for standard input"
                    )
                content = file.read(max_bytes + 1)
        else:
            content = source if isinstance(source, bytes) else source.read(max_bytes + 1)
    except InputError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a closed file, or a null character in the path
        reason = error.strerror if isinstance(error, OSError) else None
        raise InputError(f"it cannot be opened: {reason or one_line(error)}") from None
    if not content:
        raise InputError("it is empty")
    if not isinstance(content, bytes):
        raise InputError("it is open as text: open it in binary mode")
    if len(content) > max_bytes:
        raise InputError(f"it is larger than {max_bytes:,} bytes: reduce it")
    return content


def _open_at_once(path: str, flags: int) -> int:
    """Open a file for `open`, without waiting for somebody to write into it where it is a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def validate_pixels(pixels: Shaped[np.ndarray, "..."]) -> UInt8[np.ndarray, "..."]:
    """Return pixels unchanged.

    Raises:
        InputError: they are not uint8 (h, w), (h, w, 3) or (h, w, 4), or there are none.
    """
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


def one_line(error: Exception) -> str:
    """Return the message of an error, shortened to one printable line."""
    text = "".join(character if character.isprintable() else " " for character in str(error))
    return textwrap.shorten(text, 80, placeholder="…") or type(error).__name__
