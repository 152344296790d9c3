"""Read arrays from a file that may be damaged or malicious."""

import zipfile
from pathlib import Path

import numpy as np

MAX_BYTES = 2_000_000_000
"""Maximum size of all arrays of a file together, uncompressed, in bytes."""


def read_arrays(file: Path, max_bytes: int = MAX_BYTES) -> dict[str, np.ndarray]:
    """Return the arrays of an `.npz` file by name; nothing is unpickled.

    Args:
        file: path of the file.
        max_bytes: maximum size of all arrays together, uncompressed.

    Raises:
        OSError, ValueError, zipfile.BadZipFile, zlib.error: the file is missing, damaged, or too large.
    """
    with zipfile.ZipFile(file) as archive:
        if sum(member.file_size for member in archive.infolist()) > max_bytes:
            raise ValueError(f"{file}: uncompressed it is larger than {max_bytes:,} bytes")
    with np.load(file, allow_pickle=False) as arrays:
        return dict(arrays)
