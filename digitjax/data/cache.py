"""The cache of prepared data: arrays that are written whole or not at all, and verified when they are read."""

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
"""Arrays by name, which become files of these names."""

LOCK = ".lock"
"""Name of the file in the cache that the process holds which writes there."""

DATASET = ("train_images", "train_labels", "test_images", "test_labels")
"""The arrays of a data set: images uint8 (n, 28, 28), labels int32 (n,)."""


def cache_folder() -> Path:
    """Return the folder for prepared data: DIGITJAX_CACHE, or the user's cache folder."""
    chosen = os.environ.get("DIGITJAX_CACHE")
    return Path(chosen) if chosen else user_cache_path("digitjax")


def prepare(name: str, make: Callable[[Path], Arrays], keys: Sequence[str] = DATASET) -> Path:
    """Make arrays afresh and return the folder in the cache that holds them.

    Args:
        name: of that folder; what decides the arrays must decide it.
        make: returns the arrays; it may use the folder that it is given, which is removed afterwards.
        keys: the names of the arrays.

    Raises:
        InputError: the cache cannot be written.
    """
    folder = cache_folder() / name
    with _alone(folder):
        _make_folder(folder, make, keys)
    return folder


def load(name: str, make: Callable[[Path], Arrays], keys: Sequence[str] = DATASET) -> tuple[Arrays, str]:
    """Map arrays into memory and return them with their SHA-256; prepare them if they are missing or damaged.

    The arguments are those of `prepare`.

    Raises:
        InputError: the cache cannot be written, or not be read back.
    """
    folder = cache_folder() / name
    found = _read(folder, keys)
    if found is None:
        with _alone(folder):
            found = _read(folder, keys)  # again: another process may have made it meanwhile
            if found is None:
                _make_folder(folder, make, keys)
                found = _read(folder, keys)
    if found is None:
        raise InputError(f"{folder}: what was just written cannot be read back: check the disk")
    return found


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Have other processes wait that want to write to the cache."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(LOCK)):
            yield
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror or error}): choose another folder with DIGITJAX_CACHE"
        ) from None


def _make_folder(folder: Path, make: Callable[[Path], Arrays], keys: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        arrays = make(Path(scratch))
        whole = Path(scratch, "whole")
        whole.mkdir()
        for key in keys:
            np.save(whole / f"{key}.npy", arrays[key])
        (whole / "sha256.json").write_text(json.dumps({"sha256": _digest(arrays, keys)}))
        shutil.rmtree(folder, ignore_errors=True)
        whole.replace(folder)


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
