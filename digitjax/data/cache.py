"""The cache of prepared data: arrays that are written atomically and verified when they are read."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from filelock import FileLock
from platformdirs import user_cache_path

from digitjax.errors import InputError

Arrays = dict[str, np.ndarray]
"""Arrays by name; each becomes a file of that name."""

LOCK_FILE = ".lock"
"""Name of the lock file in the cache: the process that writes to the cache holds it."""

DATASET_KEYS = ("train_images", "train_labels", "test_images", "test_labels")
"""Names of the arrays of a data set: images uint8 (n, 28, 28), labels int32 (n,)."""


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
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        arrays = build(Path(scratch))
        complete = Path(scratch, "complete")
        complete.mkdir()
        for key in keys:
            np.save(complete / f"{key}.npy", arrays[key])
        (complete / "sha256.json").write_text(json.dumps({"sha256": _digest(arrays, keys)}))
        shutil.rmtree(folder, ignore_errors=True)
        complete.replace(folder)


def _read(folder: Path, keys: Sequence[str]) -> tuple[Arrays, str] | None:
    """Return the arrays of a folder and their SHA-256; None if they are missing or damaged."""
    try:
        arrays = {key: np.load(folder / f"{key}.npy", mmap_mode="r") for key in keys}
        sha256 = json.loads((folder / "sha256.json").read_text())["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return (arrays, sha256) if _digest(arrays, keys) == sha256 else None


def _digest(arrays: Arrays, keys: Sequence[str]) -> str:
    sha256 = hashlib.sha256()
    for key in keys:
        sha256.update(f"{key} {arrays[key].dtype} {arrays[key].shape} ".encode())
        sha256.update(np.ascontiguousarray(arrays[key]).data)
    return sha256.hexdigest()
