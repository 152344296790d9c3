"""Selection of very many pictures to read: files, folders and lists, one name at a time, split into shards."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from digitjax.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".heic", ".heif")
"""Endings of the picture files in a folder, in lower case; their case does not matter."""


def hash_name(name: str) -> int:
    """Return a 64-bit hash of a name that is the same on every machine (BLAKE2b)."""
    return int.from_bytes(hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest())


@dataclass(frozen=True)
class Shard:
    """One of several disjoint parts of the pictures, for a process or a machine of its own.

    A picture's shard depends on its name alone, not on which others are read, or in which order.
    """

    number: int = 1
    """Number of the shard, counted from 1."""
    count: int = 1
    """Number of shards."""

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Return the shard that `I/N` names.

        Raises:
            InputError: there is no such shard.
        """
        if match := re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text):
            shard = cls(int(match[1]), int(match[2]))
            if 1 <= shard.number <= shard.count:
                return shard
        raise InputError(f"--shard is {text}: it must be I/N with I from 1 to N, such as 1/2")

    def __contains__(self, name: str) -> bool:
        return hash_name(name) % self.count == self.number - 1


@contextmanager
def open_list(path: str) -> Iterator[Iterator[str]]:
    """Open a file with one name per line, `-` for standard input, and yield an iterator of the names."""
    source: str | int = 0 if path == "-" else path
    with open(source, encoding="utf-8", errors="surrogateescape", closefd=path != "-") as file:
        yield (line.rstrip("\n") for line in file if line.strip())


def find_pictures(names: Iterable[str], shard: Shard = Shard()) -> Iterator[str]:
    """Find the pictures of a shard among files and folders.

    Pictures in a folder are split into shards by their path inside it, so that the folder may have another path on
    another machine.

    Args:
        names: paths of files and folders.
        shard: the part to yield.

    Yields:
        The paths of the pictures, each folder's in its place.

    Raises:
        InputError: there is no picture in any shard.
        OSError: a folder cannot be listed.
    """
    any_found = False
    for name in names:
        if os.path.isdir(name):
            for path in walk_pictures(name):
                any_found = True
                if path in shard:
                    yield os.path.join(name, path)
        else:
            any_found = True
            if name in shard:
                yield name
    if not any_found:
        raise InputError(f"there are no pictures: name some, or a folder or a list of {', '.join(SUFFIXES)}")


def walk_pictures(folder: str) -> Iterator[str]:
    """Yield the path inside a folder of every picture in or below it, sorted folder by folder.

    Only the folders on the way to a picture are held in memory. Links to folders are not followed.

    Raises:
        OSError: a folder cannot be listed.
    """
    stack = _list_folder(folder, "")
    while stack:
        path, is_folder = stack.pop()
        if is_folder:
            stack += _list_folder(folder, path)
        else:
            yield path


def _list_folder(root: str, path: str) -> list[tuple[str, bool]]:
    """Return the pictures and folders in a folder below `root`, in reverse order, and whether each is a folder."""
    with os.scandir(os.path.join(root, path)) as entries:
        found = [
            (os.path.join(path, entry.name), entry.is_dir(follow_symlinks=False))
            for entry in entries
            if entry.is_dir(follow_symlinks=False) or _is_picture(entry)
        ]
    return sorted(found, reverse=True)


def _is_picture(entry: os.DirEntry[str]) -> bool:
    return entry.name.lower().endswith(SUFFIXES) and entry.is_file()
