"""The cache of prepared data: arrays that are written atomically and verified when they are read."""

import glob
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from digitjax.config import Data
from digitjax.errors import InputError
from digitjax.runs.folders import atomic_folder

Arrays = dict[str, np.ndarray]
"""Arrays by name; each becomes a file of that name."""

LOCK_FILE = ".lock"
"""Name of the lock file in the cache: the process that writes to the cache holds it."""

DATASET_KEYS = ("train_images", "train_labels", "test_images", "test_labels")
"""Names of the arrays of a data set: images uint8 (n, 28, 28), labels int32 (n,)."""


class DataNotPreparedError(InputError):
    """A data set is not in the cache: the dashboard offers to download it."""

    def __init__(self, data: Data, download: str):
        """Name the data set.

        Args:
            data: options of the data set.
            download: size and source of its files; empty if they need no download.
        """
        super().__init__(f"the data set {data.name} is not prepared here: digitjax data prepare {data.name}")
        self.data = data
        self.download = download


def cache_folder() -> Path:
    """Return the folder for prepared data: DIGITJAX_CACHE, or the user's cache folder."""
    folder = os.environ.get("DIGITJAX_CACHE")
    return Path(folder) if folder else user_cache_path("digitjax")


def prepare(name: str, build: Callable[[Path], Arrays], keys: Sequence[str] = DATASET_KEYS) -> Path:
    """Build arrays and write them to the cache, in place of those that are there.

    Args:
        name: name of the folder in the cache; different arrays need different names.
        build: returns the arrays; takes a temporary folder that it may use.
        keys: names of the arrays.

    Returns:
        The folder in the cache.

    Raises:
        InputError: the cache cannot be written.
    """
    folder = cache_folder() / name
    _remove_leftovers(folder)
    with _locked(folder):
        _write(folder, build, keys)
    return folder


def load(
    name: str, build: Callable[[Path], Arrays], keys: Sequence[str] = DATASET_KEYS
) -> tuple[Arrays, str]:
    """Load arrays from the cache; build and write them first if they are missing or damaged.

    Args:
        name: name of the folder in the cache; different arrays need different names.
        build: returns the arrays; takes a temporary folder that it may use.
        keys: names of the arrays.

    Returns:
        The arrays, mapped into memory, and their SHA-256.

    Raises:
        InputError: the cache cannot be written, or not be read back.
    """
    folder = cache_folder() / name
    _remove_leftovers(folder)
    cached = _read(folder, keys)
    if cached is None:
        with _locked(folder):
            cached = _read(folder, keys)  # again: another process may have written it meanwhile
            if cached is None:
                _write(folder, build, keys)
                cached = _read(folder, keys)
    if cached is None:
        raise InputError(f"{folder}: what was just written cannot be read back: check the disk")
    return cached


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of the cache, for which other processes that want to write to it wait."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(LOCK_FILE)):
            yield
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror or error}): choose another folder with DIGITJAX_CACHE"
        ) from None


def _write(folder: Path, build: Callable[[Path], Arrays], keys: Sequence[str]) -> None:
    with atomic_folder(folder) as partial:
        with tempfile.TemporaryDirectory(dir=partial) as scratch:
            arrays = build(Path(scratch))
        for key in keys:
            np.save(partial / f"{key}.npy", arrays[key])
        (partial / "sha256.json").write_text(json.dumps({"sha256": _digest(arrays, keys)}))


def _read(folder: Path, keys: Sequence[str]) -> tuple[Arrays, str] | None:
    """Return the arrays of a folder and their SHA-256; None if they are missing or damaged."""
    try:
        arrays: Arrays = {key: np.lib.format.open_memmap(folder / f"{key}.npy", mode="r") for key in keys}
        sha256 = json.loads((folder / "sha256.json").read_text())["sha256"]
        return (arrays, sha256) if _digest(arrays, keys) == sha256 else None
    except Exception:  # numpy raises many kinds for a damaged file
        return None


def _remove_leftovers(folder: Path) -> None:
    """Delete what killed preparations of a folder left over, unless a preparation is running."""
    name = glob.escape(folder.name)
    # Nothing else: the cache may be set to a folder that holds other hidden ones.
    leftovers = [path for end in (".partial", "-*") for path in folder.parent.glob(f".{name}{end}")]
    if leftovers:
        with suppress(Timeout, OSError), FileLock(folder.parent / LOCK_FILE, blocking=False):
            for path in leftovers:
                shutil.rmtree(path, ignore_errors=True)


def _digest(arrays: Arrays, keys: Sequence[str]) -> str:
    sha256 = hashlib.sha256()
    for key in keys:
        sha256.update(f"{key} {arrays[key].dtype} {arrays[key].shape} ".encode())
        sha256.update(np.ascontiguousarray(arrays[key]).data)
    return sha256.hexdigest()
