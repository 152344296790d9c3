"""A file of what was read, a line of JSON a picture, that a killed reader goes on with: each picture once."""

import fcntl
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from digitjax.errors import InputError
from digitjax.recognition.bulk import digest

_START = b'{"file": '  # of every line
_MOST_RECENT = 65_536


class ResultFile:
    """The file, for one process at a time. To be used with `with`."""

    def __init__(self, path: Path):
        """Open a file, or begin one; what a kill left of its last line is cut away.

        Raises:
            InputError: another process writes it, or something else is in it.
            OSError: it cannot be opened.
        """
        self._path = path
        self._names = Names()
        self.pictures = 0
        """In the file."""
        self.failed = 0
        """Those of them that could not be read."""
        self._file = path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file.truncate(self._take_over())
        except BlockingIOError:
            self._file.close()
            raise InputError(f"{path}: another process is writing it: name another with --out") from None
        except BaseException:
            self._file.close()
            raise

    def _take_over(self) -> int:
        """Note what is in the file, and return where its last whole line ends."""
        self._file.seek(0)
        end = 0
        for number, line in enumerate(self._file, 1):
            if not line.endswith(b"\n") and line.startswith(_START[: len(line)]):
                break
            if (result := _parse(line)) is None:
                reason = f"{self._path}: line {number} is not of digitjax read: name another with --out"
                raise InputError(reason)
            self._note(result)
            end += len(line)
        return end

    def _note(self, result: Mapping[str, Any]) -> None:
        self._names.add(result["file"])
        self.pictures += 1
        self.failed += result["error"] is not None

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def write(self, result: Mapping[str, Any]) -> None:
        """Add what `Recognizer.read_file` returned; a kill from then on loses nothing of it."""
        self._file.write(json.dumps(result).encode() + b"\n")
        self._file.flush()
        self._note(result)

    def __enter__(self) -> "ResultFile":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


def _parse(line: bytes) -> dict[str, Any] | None:
    """Return what a line says of a picture, if it does."""
    with suppress(ValueError):
        match json.loads(line):
            case {"file": str(), "error": str() | None} as result:
                return result
    return None


class Names:
    """A set of names that holds 8 bytes of each.

    Two of 10 million have the same 8 bytes in one of 370,000 such sets; the second would pass for the first.
    """

    def __init__(self) -> None:
        self._sorted = np.zeros(0, np.uint64)
        self._recent: set[int] = set()  # a number takes far more here, but adding one is fast

    def add(self, name: str) -> None:
        """Add a name, if it is not there."""
        self._recent.add(digest(name))
        if len(self._recent) == _MOST_RECENT:
            recent = np.fromiter(self._recent, np.uint64, _MOST_RECENT)
            self._sorted = np.union1d(self._sorted, recent)
            self._recent.clear()

    def __contains__(self, name: str) -> bool:
        number = digest(name)
        place = self._sorted.searchsorted(np.uint64(number))
        return number in self._recent or bool(place < len(self._sorted) and self._sorted[place] == number)
