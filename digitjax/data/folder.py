"""Folders of people's own pictures as data sets.

Either a `manifest.csv` lists the pictures in its columns `file` and `label`, or each digit has a sub-folder. Three more
columns are optional: `split`, which is train or test, `writer`, and `boxes`, which has `x0 y0 x1 y1` of each digit.

Digits are cut out of their boxes. Without boxes they are extracted exactly as recognition does it, and a picture is
used if as many digits are found as its label has; the others are left out, and reported with the reason.

This is no TFDS builder, since a builder has a fixed version and checksums, while such a folder changes from day to day.
"""

import hashlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from digitjax.data.cache import Arrays
from digitjax.data.manifest import NAME, read_manifest
from digitjax.errors import InputError
from digitjax.imaging import (
    binarize,
    box,
    boxes,
    color,
    components,
    decode,
    extract,
    letterbox,
    normalize,
    ruling,
    segmentation,
)
from digitjax.imaging.box import Box
from digitjax.progress import PictureCount

TEST_FRACTION = 0.2
"""Fraction of the writers (or of the pictures, where no writers are given) in the test split, where none is given."""

EXTRACTION_MODULES = (
    binarize,
    box,
    boxes,
    color,
    components,
    decode,
    extract,
    letterbox,
    normalize,
    ruling,
    segmentation,
)
"""Modules whose source decides which digits are extracted from a picture."""


@dataclass(frozen=True)
class Sample:
    """A labeled picture in the folder."""

    file: str
    """Path relative to the folder."""
    label: str
    """Its digits in reading order."""
    split: str = ""
    """`train`, `test`, or empty where none is given."""
    writer: str = ""
    """Who wrote it, or empty where no writer is given."""
    boxes: tuple[Box, ...] = ()
    """The box of each digit, or empty where they are to be found."""


def list_samples(folder: Path) -> list[Sample]:
    """Return the labeled pictures of a folder, without opening them.

    Raises:
        InputError: there is no such folder, it has no labeled pictures, a sub-folder is named after another number
            than 0 to 9, or its manifest is invalid.
    """
    if not folder.is_dir():
        raise InputError(f"data.folder: there is no folder {folder}")
    samples = _from_manifest(folder) if (folder / NAME).exists() else _from_sub_folders(folder)
    if not samples:
        raise InputError(
            f"{folder}: it has no pictures: put them into sub-folders 0 to 9, or name them in a manifest.csv"
        )
    return samples


def fingerprint(folder: Path, samples: list[Sample]) -> str:
    """Return a hash of the samples, of the size and modification time of their files, and of the extraction code.

    Args:
        folder: folder of the pictures.
        samples: its labeled pictures.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for module in EXTRACTION_MODULES:
        digest.update(inspect.getsource(module).encode())
    for sample in samples:
        file = (folder / sample.file).stat()
        digest.update(f"{sample} {file.st_size} {file.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def extract_samples(
    folder: Path, samples: list[Sample]
) -> Iterator[tuple[Sample, UInt8[np.ndarray, "n 28 28"]]]:
    """Yield the pictures that can be used, and report on standard error which are left out.

    Args:
        folder: folder of the pictures.
        samples: its labeled pictures.

    Yields:
        A picture, and the image of each digit of its label.
    """
    progress = PictureCount()
    for sample in progress.over(samples):
        try:
            digits = _extract_digits(folder, sample)
        except InputError as error:
            progress.line(f"left out {sample.file}: {error}")
            continue
        yield sample, digits


def to_arrays(folder: Path, samples: list[Sample]) -> Arrays:
    """Extract the digits of the pictures, and report on standard error which pictures are left out.

    Args:
        folder: folder of the pictures.
        samples: its labeled pictures.

    Returns:
        The arrays of a data set, see `digitjax.data.cache.DATASET_KEYS`.

    Raises:
        InputError: too few pictures can be used.
    """
    pairs: dict[str, list[tuple[np.ndarray, int]]] = {"train": [], "test": []}
    extracted = list(extract_samples(folder, samples))
    for sample, digits in extracted:
        pairs[_split(folder, sample)] += zip(digits, map(int, sample.label), strict=True)
    train, test = len(pairs["train"]), len(pairs["test"])
    PictureCount().line(
        f"used {len(extracted):,} of {len(samples):,} pictures: {train:,} digits to train on, {test:,} to test with"
    )
    if train < 2 or not test:
        raise InputError(
            f"{folder}: {train} digits to train on and {test} to test with are too few: "
            "add pictures, or name the split of each in a column of manifest.csv"
        )
    arrays = {}
    for split, pairs_of_split in pairs.items():
        arrays[f"{split}_images"] = np.stack([image for image, _ in pairs_of_split])
        arrays[f"{split}_labels"] = np.array([digit for _, digit in pairs_of_split], np.int32)
    return arrays


# --------------------------------------------------------------------------------------- samples


def _from_manifest(folder: Path) -> list[Sample]:
    return [
        Sample(row.file, "".join(row.lines), row.split, row.groups.get("writer", ""), row.boxes)
        for row in read_manifest(folder)
    ]


def _from_sub_folders(folder: Path) -> list[Sample]:
    labels = sorted(path for path in folder.iterdir() if path.name.isascii() and path.name.isdecimal())
    for label in labels:
        if len(label.name) > 1:
            raise InputError(
                f"{folder}: its sub-folder {label.name} is no class: name sub-folders 0 to 9, "
                f"and list pictures of several digits in a {NAME}"
            )
    files = (
        path.relative_to(folder)
        for label in labels
        for path in sorted(label.rglob("[!.]*"))
        if path.is_file()
    )
    return [Sample(str(file), file.parts[0]) for file in files]


# -------------------------------------------------------------------------------------- pictures


def _extract_digits(folder: Path, sample: Sample) -> UInt8[np.ndarray, "n 28 28"]:
    """Return the digits of a picture as images like those of MNIST, as many as its label has."""
    if sample.boxes:
        return extract.extract_boxes(folder / sample.file, sample.boxes).images
    images = extract.extract(folder / sample.file).images
    if len(images) != len(sample.label):
        raise InputError(f"digits found: {len(images)}, where its label is {sample.label}")
    return images


def _split(folder: Path, sample: Sample) -> str:
    """Return the split of a picture, which does not depend on the other pictures."""
    if sample.split:
        return sample.split
    identity = sample.writer.encode() or (folder / sample.file).read_bytes()
    fraction = int.from_bytes(hashlib.sha256(identity).digest()[:8]) / 2**64
    return "test" if fraction < TEST_FRACTION else "train"
