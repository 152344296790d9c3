"""Pictures in a ZIP archive, read in memory within fixed bounds; nothing is unpacked to disk."""

import struct
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO

from digitjax.errors import InputError
from digitjax.imaging.decode import DecodeParams
from digitjax.imaging.source import one_line
from digitjax.recognition.bulk import SUFFIXES


@dataclass(frozen=True)
class ArchiveParams:
    """Limits of an archive, which keep the memory and the time that hostile files take within bounds."""

    max_directory: int = 2_000_000
    """Bytes of the list of its files: Python holds several times as many for it."""
    max_files: int = 10_000
    """Files in it."""
    max_picture: int = DecodeParams().max_bytes
    """Bytes of an unpacked picture."""
    max_unpacked: int = 2_000_000_000
    """Bytes of all its pictures together, unpacked."""


def open_archive(file: BytesIO, params: ArchiveParams = ArchiveParams()) -> zipfile.ZipFile:
    """Open a ZIP archive.

    Args:
        file: the archive, in memory.
        params: its limits.

    Returns:
        The archive, opened.

    Raises:
        InputError: it is no ZIP archive, or is larger than the limits.
    """
    if _directory_size(file) > params.max_directory:
        raise InputError(f"it holds too many files: put {params.max_files:,} or fewer into a ZIP")
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, struct.error) as error:
        raise InputError(f"it is no ZIP that can be read ({one_line(error)}): pack it again") from None
    if len(archive.infolist()) > params.max_files:
        raise InputError(
            f"it holds {len(archive.infolist()):,} files: put {params.max_files:,} or fewer into a ZIP"
        )
    if sum(picture.file_size for picture in list_pictures(archive)) > params.max_unpacked:
        raise InputError(f"it unpacks to more than {params.max_unpacked:,} bytes: split it into several")
    return archive


def list_pictures(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the picture files of an archive, by their endings; their paths are labels only."""
    return [
        info
        for info in archive.infolist()
        if info.filename.lower().endswith(SUFFIXES)
        and not info.filename.startswith("__MACOSX/")  # what macOS adds has no pictures
    ]


def read_picture(
    archive: zipfile.ZipFile, picture: zipfile.ZipInfo, params: ArchiveParams = ArchiveParams()
) -> bytes:
    """Return the content of a picture file in an archive.

    Args:
        archive: that was opened.
        picture: one of `list_pictures`.
        params: limits; no more than one byte beyond them is unpacked.

    Raises:
        InputError: it is too large, encrypted or damaged.
    """
    try:
        with archive.open(picture) as file:
            content = file.read(params.max_picture + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError) as error:
        raise InputError(f"it cannot be unpacked ({one_line(error)}): pack it again") from None
    if len(content) > params.max_picture:
        raise InputError(f"it is larger than {params.max_picture:,} bytes: reduce it")
    return content


def _directory_size(file: BytesIO) -> int:
    """Return how many bytes an archive's list of files has, as it says itself; `zipfile` reads no more of it."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 65_557))  # the longest end of an archive, with its comment
    end = file.read()
    start = end.rfind(b"PK\x05\x06")
    if start < 0 or len(end) < start + 16:
        return 0  # no archive, as opening it will tell
    (directory,) = struct.unpack_from("<I", end, start + 12)
    has_64_bits = end[max(0, start - 20) : start].startswith(
        b"PK\x06\x07"
    )  # for far more files than are allowed
    return 2**32 if has_64_bits else int(directory)
