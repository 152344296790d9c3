"""Which pictures to read, of any number of them: files, folders and lists, one name at a time, split into shards."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from digitjax.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".heic", ".heif")
"""Of the files in a folder that are taken for pictures, in letters of either case."""


def digest(name: str) -> int:
    """Return 64 bits that stand for a name, the same on every machine (BLAKE2b)."""
    return int.from_bytes(hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest())


@dataclass(frozen=True)
class Shard:
    """One of several parts of the pictures, for a process or a machine of its own.

    A picture's part depends on its name alone, so that it is in one of them whatever else is read, and in what order.
    """

    number: int = 1
    """Which part, counted from 1."""
    count: int = 1
    """Parts in all."""

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Return the shard that `I/N` names.

        Raises:
            InputError: there is no such part.
        """
        if found := re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text):
            shard = cls(int(found[1]), int(found[2]))
            if 1 <= shard.number <= shard.count:
                return shard
        raise InputError(f"--shard is {text}: it must be I/N with I from 1 to N, such as 1/2")

    def __contains__(self, name: str) -> bool:
        return digest(name) % self.count == self.number - 1


@contextmanager
def open_list(path: str) -> Iterator[Iterator[str]]:
    """Open a file with a name a line, `-` for standard input, and give the names one by one."""
    source: str | int = 0 if path == "-" else path
    with open(source, encoding="utf-8", errors="surrogateescape", closefd=path != "-") as file:
        yield (line.rstrip("\n") for line in file if line.strip())


def find(names: Iterable[str], shard: Shard = Shard()) -> Iterator[str]:
    """Yield the names of pictures, in place of each folder those of the pictures in it, as they come.

    Those in a folder are split into shards by their names in it, so that it may lie elsewhere on another machine.

    Args:
        names: of files and folders.
        shard: the part to yield.

    Raises:
        InputError: there is no picture, in any part.
        OSError: a folder cannot be listed.
    """
    any_found = False
    for name in names:
        if os.path.isdir(name):
            for path in walk(name):
                any_found = True
                if path in shard:
                    yield os.path.join(name, path)
        else:
            any_found = True
            if name in shard:
                yield name
    if not any_found:
        raise InputError(f"there are no pictures: name some, or a folder or a list of {', '.join(SUFFIXES)}")


def walk(folder: str) -> Iterator[str]:
    """Yield the path, in the folder, of every picture in or below it, sorted folder by folder.

    Only the folders on the way to a picture are held in memory. Links to folders are not followed.

    Raises:
        OSError: a folder cannot be listed.
    """
    ahead = _entries(folder, "")
    while ahead:
        path, is_folder = ahead.pop()
        if is_folder:
            ahead += _entries(folder, path)
        else:
            yield path


def _entries(root: str, path: str) -> list[tuple[str, bool]]:
    """Return the pictures and folders in a folder below `root`, last one first, and which of them are folders."""
    with os.scandir(os.path.join(root, path)) as entries:
        found = [
            (os.path.join(path, entry.name), entry.is_dir(follow_symlinks=False))
            for entry in entries
            if entry.is_dir(follow_symlinks=False) or _is_picture(entry)
        ]
    return sorted(found, reverse=True)


def _is_picture(entry: os.DirEntry[str]) -> bool:
    return entry.name.lower().endswith(SUFFIXES) and entry.is_file()
