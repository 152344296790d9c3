"""A labeled data set of one's own: pictures that were recognized, each saved with its true label.

It is a folder with a `manifest.csv` (see `digitjax.data.manifest`): `digitjax evaluate-pictures` measures recognition
on it, and `--data.name folder` trains on it.
"""

import csv
import hashlib
import io
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from digitjax import runs
from digitjax.data.folder import TEST_FRACTION
from digitjax.data.manifest import LABEL, NAME, format_boxes, read_manifest
from digitjax.errors import InputError
from digitjax.imaging.box import Box
from digitjax.imaging.decode import decode
from digitjax.imaging.extract import extract_boxes
from digitjax.imaging.source import Source

MAX_PICTURES = 10_000
"""Maximum number of pictures in a folder: the manifest is read and written whole at each save."""
MAX_CHARACTERS = 200
"""Maximum length of a label, and of the name of a writer."""

_LOCK = threading.Lock()
"""Held while a manifest is read, changed and written."""
_COLUMNS = ("file", "label", "writer", "split", "boxes")


class SavedPicture(NamedTuple):
    """A picture that was saved."""

    file: Path
    """Path of the picture, a PNG."""
    previous_label: str | None
    """The label that it had before, if it was in the folder already."""


def save(
    folder: Path, picture: Source, label: str, writer: str = "", boxes: Sequence[Box] = ()
) -> SavedPicture:
    """Save a picture with its label; a picture that is in the folder already gets the new label and boxes.

    The picture is saved in the orientation and at the size at which it is recognized, under the SHA-256 of its
    pixels. Every fifth picture, starting with the first, goes to the test split: so the pictures of one writer are
    enough to train and to test with.

    Args:
        folder: folder of the data set, created if it does not exist.
        picture: a path, the bytes of a file, an open file, or pixels: uint8 (h, w), (h, w, 3) or (h, w, 4).
        label: its digits, with `|` between lines.
        writer: who wrote it, or empty.
        boxes: the box of each digit of the label, in pixels of the picture as displayed; without any, the digits are
            found again when the picture is used.

    Returns:
        The file, and the label that it had before.

    Raises:
        InputError: the picture cannot be decoded, the label, the writer or a box is invalid, or the folder holds
            other things, is full, or cannot be written. Then nothing is written.
    """
    label, writer = label.strip(), " ".join(writer.split())
    if not LABEL.fullmatch(label) or len(label) > MAX_CHARACTERS:
        raise InputError(
            f"the label is {_shorten(label)!r}: it must be at most {MAX_CHARACTERS} digits, with | between lines"
        )
    if not writer.isprintable() or len(writer) > MAX_CHARACTERS:
        raise InputError(
            f"the writer is {_shorten(writer)!r}: it must be a name, {MAX_CHARACTERS} characters at most"
        )
    decoded = decode(picture)
    pixels, reduced = decoded.pixels, decoded.reduce_boxes(boxes)
    if boxes:
        digits = sum(map(str.isdecimal, label))
        if len(boxes) != digits:
            raise InputError(
                f"there are {len(boxes)} boxes for the {digits} digits of the label: draw one for each"
            )
        extract_boxes(pixels, reduced)  # raises where one cannot be used
    name = f"{hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()[:24]}.png"
    with io.BytesIO() as file:
        Image.fromarray(pixels).save(file, "PNG")
        content = file.getvalue()
    with _LOCK:
        return _add(
            folder,
            content,
            {"file": name, "label": label, "writer": writer, "boxes": format_boxes(reduced)},
        )


def count(folder: Path) -> int:
    """Return the number of pictures in a folder; 0 if there is no such folder.

    Raises:
        InputError: its manifest is invalid.
    """
    return len(read_manifest(folder)) if (folder / NAME).exists() else 0


def _add(folder: Path, content: bytes, new: dict[str, str]) -> SavedPicture:
    columns, rows = _read(folder)
    path = folder / new["file"]
    existing = next((row for row in rows if row["file"].strip() == path.name), None)
    previous_label = existing["label"] if existing else None
    if existing:
        existing |= new | {"writer": new["writer"] or existing["writer"]}
    elif len(rows) >= MAX_PICTURES:
        raise InputError(f"{folder}: it has {len(rows):,} pictures, the maximum: choose another folder")
    else:
        tests = sum(row["split"] == "test" for row in rows)
        rows.append(new | {"split": "test" if tests < TEST_FRACTION * (len(rows) + 1) else "train"})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        runs.write_bytes(path, content)
        runs.write_text(folder / NAME, _to_csv(columns, rows))
    except OSError as error:
        if not existing:
            path.unlink(missing_ok=True)
        raise InputError(f"{folder}: it cannot be written ({error.strerror})") from None
    return SavedPicture(path, previous_label)


def _read(folder: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns and the rows of a manifest, with the columns added that it lacks."""
    if not (folder / NAME).exists():
        if folder.is_dir() and any(path.is_dir() for path in folder.iterdir()):
            raise InputError(
                f"{folder}: it has sub-folders, which a {NAME} would hide: name its pictures in one"
            )
        return list(_COLUMNS), []
    read_manifest(folder)
    with (folder / NAME).open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file, restval="", skipinitialspace=True)
        rows = list(table)
        columns = list(table.fieldnames or ())
    missing = [name for name in _COLUMNS if name not in columns]
    return columns + missing, [dict.fromkeys(missing, "") | row for row in rows]


def _to_csv(columns: list[str], rows: list[dict[str, str]]) -> str:
    with io.StringIO(newline="") as file:
        table = csv.DictWriter(file, columns, restval="", extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        return file.getvalue()


def _shorten(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
