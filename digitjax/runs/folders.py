"""Folders that are written whole or not at all, and the lock under which one process at a time trains in one."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from digitjax.errors import InputError, naming_path
from digitjax.signals import cleaning_up


@contextmanager
def training_lock(folder: Path) -> Iterator[None]:
    """Keep other trainings out of a folder, which need not exist; the lock of a killed process is free.

    Args:
        folder: of a run or a group of seeds.

    Raises:
        InputError: another process trains it, or the folder that it is in cannot be written.
    """
    lock = FileLock(_lock_file(folder), blocking=False)
    try:
        _make_parent(folder)
        lock.acquire()
    except Timeout:
        raise InputError(f"{folder} is being trained by another process: wait for it, or stop it") from None
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror or error}: choose another folder with --runs") from None
    with cleaning_up(lambda: _release(lock)):
        yield


def is_locked(folder: Path) -> bool:
    """Return whether a process trains in a folder, which need not exist."""
    file = _lock_file(folder)
    if not file.exists():
        return False
    lock = FileLock(file, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        return True
    except OSError:  # a file of another user, who does not train: that would be a timeout
        return False
    _release(lock)
    return False


def require_no_training(folder: Path) -> None:
    """Refuse to go on while another process trains a run in a folder, such as a seed of a group.

    Raises:
        InputError: the message names that run.
    """
    for file in sorted(folder.rglob(".*.lock")):
        with training_lock(file.with_name(file.name[1:].removesuffix(".lock"))):
            pass


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to write into, which replaces `folder` on success and is deleted after an error.

    Other processes that write the same folder wait. What a killed one left over is removed first.
    """
    _make_parent(folder)
    lock = FileLock(folder.with_name(f".{folder.name}.writing"))
    partial, replaced = (folder.with_name(f".{folder.name}.{state}") for state in ("partial", "replaced"))
    lock.acquire()
    with (
        cleaning_up(lambda: _release(lock)),
        cleaning_up(lambda: _clean_up(folder, partial, replaced)),
        naming_path(folder),
    ):
        _clean_up(folder, partial, replaced)
        partial.mkdir()
        yield partial
        if os.path.lexists(folder):
            folder.rename(replaced)
        partial.rename(folder)


def _lock_file(folder: Path) -> Path:
    """Return the file of a lock: beside the folder, so that it stays when the folder is replaced."""
    return folder.with_name(f".{folder.name}.lock")


def _make_parent(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder.parent)) from None


def _release(lock: FileLock) -> None:
    """Delete the file of a lock before another process can hold it, and release it."""
    Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _clean_up(folder: Path, partial: Path, replaced: Path) -> None:
    """Delete what is not needed, after putting back what was not replaced in the end."""
    if os.path.lexists(replaced) and not os.path.lexists(folder):
        replaced.rename(folder)
    for path in (partial, replaced):
        if path.is_symlink():
            path.unlink()
        shutil.rmtree(path, ignore_errors=True)
