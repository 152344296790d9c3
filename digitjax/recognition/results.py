"""A file of readings, one line of JSON per picture, that an interrupted reader resumes: each picture once."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from digitjax.errors import InputError, naming_path
from digitjax.recognition.bulk import hash_name

_LINE_START = b'{"file": '  # of every line


class ResultFile:
    """A JSON Lines file of readings for one process at a time, to be used as a context manager."""

    def __init__(self, path: Path):
        """Open or create the file; an incomplete last line, as a killed process leaves it, is cut off.

        Raises:
            InputError: another process writes the file, something else is in it, or it is a pipe or a device.
            OSError: the file cannot be opened.
        """
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise InputError(f"{path} is a pipe or a device: name a file with --out")
        self._path = path
        self._names = NameSet()
        self.pictures = 0
        """Number of pictures in the file."""
        self.failed = 0
        """Number of those that could not be read."""
        self._file = path.open("a+b")
        self._lock = FileLock(path.with_name(f".{path.name}.lock"), blocking=False)
        try:
            self._lock.acquire()
            self._file.truncate(self._load())
        except Timeout:
            self._close()
            raise InputError(f"{path}: another process is writing it: name another with --out") from None
        except BaseException:
            self._close()
            raise

    def _load(self) -> int:
        """Load the names in the file, and return where its last complete line ends, in bytes."""
        self._file.seek(0)
        end = 0
        for number, line in enumerate(self._file, 1):
            if not line.endswith(b"\n") and line.startswith(_LINE_START[: len(line)]):
                break
            if (result := _parse(line)) is None:
                reason = f"{self._path}: line {number} is not of digitjax read: name another with --out"
                raise InputError(reason)
            self._count(result)
            end += len(line)
        return end

    def _count(self, result: Mapping[str, Any]) -> None:
        self._names.add(result["file"])
        self.pictures += 1
        self.failed += result["error"] is not None

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def write(self, result: Mapping[str, Any]) -> None:
        """Append what `Recognizer.read_file` returned, and flush it, so that a kill does not lose it."""
        with naming_path(self._path):
            self._file.write(json.dumps(result).encode() + b"\n")
            self._file.flush()
        self._count(result)

    def __enter__(self) -> "ResultFile":
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def _close(self) -> None:
        try:
            with naming_path(self._path):
                self._file.close()  # fails on a full disk, where something is left to write
        finally:
            if self._lock.is_locked:
                Path(self._lock.lock_file).unlink(missing_ok=True)
                self._lock.release()


def _parse(line: bytes) -> dict[str, Any] | None:
    """Return the reading on a line, or None if it is none."""
    with suppress(ValueError):
        match json.loads(line):
            case {"file": str(), "error": str() | None} as result:
                return result
    return None


class NameSet:
    """A set of names that holds 8 bytes of each.

    The hashes of two names are equal in one of 370,000 sets of 10 million; the second name then counts as in the set.
    """

    def __init__(self, max_recent: int = 65_536) -> None:
        """Create an empty set.

        Args:
            max_recent: names that are held in a Python set, which takes far more memory but is fast to add to, before
                they are merged into the sorted array.
        """
        self._sorted = np.zeros(0, np.uint64)
        self._recent: set[int] = set()
        self._max_recent = max_recent

    def add(self, name: str) -> None:
        """Add a name."""
        if name in self:
            return
        self._recent.add(hash_name(name))
        if len(self._recent) == self._max_recent:
            recent = np.fromiter(self._recent, np.uint64, self._max_recent)
            self._sorted = np.union1d(self._sorted, recent)
            self._recent.clear()

    def __len__(self) -> int:
        return len(self._sorted) + len(self._recent)

    def __contains__(self, name: str) -> bool:
        number = hash_name(name)
        index = self._sorted.searchsorted(np.uint64(number))
        return number in self._recent or bool(index < len(self._sorted) and self._sorted[index] == number)
