"""A folder of people's own pictures as a data set.

Either a `manifest.csv` names the pictures in its columns `file` and `label`, or there is a sub-folder for each
label. Two more columns are heeded: `split`, which is train or test, and `writer`.

Each picture takes the very way that reading takes, and is used if that finds as many digits as its label has:
what reading never meets is nothing to train on. The others are left out, and named with the reason.

This is no TFDS builder, since one has a fixed version and checksums, and such a folder changes from day to day.
"""

import hashlib
import inspect
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from digitjax.data.cache import Arrays
from digitjax.data.manifest import NAME, read_manifest
from digitjax.errors import InputError
from digitjax.imaging import binarize, color, components, decode, extract, normalize, ruling, segmentation
from digitjax.progress import PictureCount

TEST_SHARE = 0.2
"""Share of the test split in a folder that does not name its own: of the writers, or else of the pictures."""

_READING = (color, components, decode, extract, binarize, normalize, ruling, segmentation)


@dataclass(frozen=True)
class Sample:
    """A picture that the folder says it has."""

    file: str
    """Its path, from the folder."""
    label: str
    """Its digits in reading order."""
    split: str = ""
    """`train`, `test`, or empty where the folder does not say."""
    writer: str = ""
    """Who wrote it, or empty where the folder does not say."""


def list_entries(folder: Path) -> list[Sample]:
    """Return what a folder says it has, without opening a picture.

    Raises:
        InputError: there is no such folder, it names no pictures, or its manifest is not as it must be.
    """
    if not folder.is_dir():
        raise InputError(f"data.folder: there is no folder {folder}")
    entries = _from_manifest(folder) if (folder / NAME).exists() else _from_sub_folders(folder)
    if not entries:
        raise InputError(
            f"{folder}: it has no pictures: put them into sub-folders 0 to 9, or name them in a manifest.csv"
        )
    return entries


def fingerprint(folder: Path, entries: list[Sample]) -> str:
    """Return 16 hexadecimal digits that change with the entries, their files, and how pictures are read.

    A file is known by its size and the time of its last change.
    """
    digest = hashlib.sha256()
    for module in _READING:
        digest.update(inspect.getsource(module).encode())
    for entry in entries:
        file = (folder / entry.file).stat()
        digest.update(f"{entry} {file.st_size} {file.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def to_arrays(folder: Path, entries: list[Sample]) -> Arrays:
    """Read the pictures, and name those that are left out on the standard error stream.

    Raises:
        InputError: too few of them can be used.
    """
    samples: dict[str, list[tuple[np.ndarray, int]]] = {"train": [], "test": []}
    progress, used = PictureCount(), 0
    for entry in progress.over(entries):
        try:
            digits = _digits(folder, entry)
        except InputError as error:
            progress.line(f"left out {entry.file}: {error}")
            continue
        samples[_split(folder, entry)] += zip(digits, map(int, entry.label), strict=True)
        used += 1
    train, test = len(samples["train"]), len(samples["test"])
    progress.line(
        f"used {used:,} of {len(entries):,} pictures: {train:,} digits to train on, {test:,} to test with"
    )
    if train < 2 or not test:
        raise InputError(
            f"{folder}: {train} digits to train on and {test} to test with are too few: "
            "add pictures, or name the split of each in a column of manifest.csv"
        )
    arrays = {}
    for split, pairs in samples.items():
        arrays[f"{split}_images"] = np.stack([image for image, _ in pairs])
        arrays[f"{split}_labels"] = np.array([digit for _, digit in pairs], np.int32)
    return arrays


# --------------------------------------------------------------------------------------- entries


def _from_manifest(folder: Path) -> list[Sample]:
    return [
        Sample(row.file, "".join(row.lines), row.split, row.groups.get("writer", ""))
        for row in read_manifest(folder)
    ]


def _from_sub_folders(folder: Path) -> list[Sample]:
    files = (
        path.relative_to(folder)
        for label in sorted(folder.iterdir())
        if _is_digits(label.name)
        for path in sorted(label.rglob("[!.]*"))
        if path.is_file()
    )
    return [Sample(str(file), file.parts[0]) for file in files]


def _is_digits(label: str) -> bool:
    return label.isascii() and label.isdecimal()


# -------------------------------------------------------------------------------------- pictures


def _digits(folder: Path, entry: Sample) -> UInt8[np.ndarray, "n 28 28"]:
    """Return the digits of a picture, as many as its label has, in the form of MNIST."""
    images = extract.extract(folder / entry.file).images
    if len(images) != len(entry.label):
        raise InputError(f"digits found: {len(images)}, where its label is {entry.label}")
    return images


def _split(folder: Path, entry: Sample) -> str:
    """Return the split of a picture, which no other picture has a say in."""
    if entry.split:
        return entry.split
    known_by = entry.writer.encode() or (folder / entry.file).read_bytes()
    place = int.from_bytes(hashlib.sha256(known_by).digest()[:8]) / 2**64
    return "test" if place < TEST_SHARE else "train"
