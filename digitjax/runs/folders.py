"""Locks of folders: one process at a time trains a run or a group, and no other replaces it meanwhile."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from digitjax.errors import InputError


@contextmanager
def training_lock(folder: Path) -> Iterator[None]:
    """Keep other trainings out of a folder, which need not exist; the lock of a killed process is free.

    Args:
        folder: of a run or a group of seeds.

    Raises:
        InputError: another process trains it, or the folder that it is in cannot be written.
    """
    # Beside the folder, so that it stays when the folder is replaced.
    lock = FileLock(folder.with_name(f".{folder.name}.lock"), blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(f"{folder} is being trained by another process: wait for it, or stop it") from None
    except OSError as error:
        reason = os.strerror(errno.ENOTDIR) if isinstance(error, FileExistsError) else error.strerror
        raise InputError(f"{folder}: {reason or error}: choose another folder with --runs") from None
    try:
        yield
    finally:
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def require_no_training(folder: Path) -> None:
    """Refuse to go on while another process trains a run in a folder, such as a seed of a group.

    Raises:
        InputError: the message names that run.
    """
    for file in sorted(folder.rglob(".*.lock")):
        with training_lock(file.with_name(file.name[1:].removesuffix(".lock"))):
            pass
