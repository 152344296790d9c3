"""Reading arrays back from a file that may be damaged, or made to do harm."""

import zipfile
from pathlib import Path

import numpy as np

MOST_BYTES = 2_000_000_000
"""Of all arrays of a file together, unpacked."""


def read_arrays(file: Path, most_bytes: int = MOST_BYTES) -> dict[str, np.ndarray]:
    """Return the arrays of an `.npz` file; never anything that would have to be unpickled.

    Raises:
        OSError, ValueError, zipfile.BadZipFile, zlib.error: the file is missing, damaged, or far too large.
    """
    with zipfile.ZipFile(file) as archive:
        if sum(member.file_size for member in archive.infolist()) > most_bytes:
            raise ValueError(f"{file}: unpacked it is larger than {most_bytes:,} bytes")
    with np.load(file, allow_pickle=False) as arrays:
        return dict(arrays)
