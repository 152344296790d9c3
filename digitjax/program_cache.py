"""A cache of compiled programs that notices damage: JAX's own runs whatever program it finds under a name.

A damaged program, or that of another function, makes JAX raise errors, crash or compute something else.
"""

import hashlib
import warnings
from pathlib import Path
from typing import Any

from filelock import FileLock

_DIGEST_SIZE = hashlib.sha256().digest_size


class ProgramCache:
    """Compiled programs in files, each after the SHA-256 of its name and its content; as JAX's `CacheInterface`."""

    def __init__(self, folder: Path):
        """Open a cache.

        Args:
            folder: of the files, created if it does not exist.
        """
        self._path = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder.with_name(f"{folder.name}.lock"))

    def get(self, key: str) -> bytes | None:
        """Return a program; None if it is not there, or damaged, in which case it is deleted with a warning."""
        file = self._path / f"{key}.program"
        try:
            content = file.read_bytes()
        except OSError:
            return None
        digest, program = content[:_DIGEST_SIZE], content[_DIGEST_SIZE:]
        if digest == _digest(key, program):
            return program
        warnings.warn(f"{file}: this compiled program is damaged: it is compiled again", stacklevel=2)
        file.unlink(missing_ok=True)
        return None

    def put(self, key: str, value: bytes) -> None:
        """Keep a program.

        Args:
            key: name of the program.
            value: the program.
        """
        # Of one name for all processes, so that what a killed one left is replaced by the next.
        partial = self._path / f"{key}.partial"
        with self._lock:
            partial.write_bytes(_digest(key, value) + value)
            partial.replace(self._path / f"{key}.program")


def _digest(key: str, program: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\0" + program).digest()


def install() -> None:
    """Make JAX use this cache in its folder of compiled programs.

    JAX has no public way to do so. Should a later version ignore it, that version's own cache is used.
    """
    from jax._src import compilation_cache

    def open_cache(path: str) -> Any:
        return ProgramCache(Path(path)), path

    compilation_cache.get_file_cache = open_cache
