"""A test set of one's own: pictures that were read, each saved with its right label.

It is a folder with a `manifest.csv` (see `digitjax.data.manifest`), which `digitjax evaluate-pictures` measures a
reader with, and which `--data.name folder` trains on.
"""

import csv
import hashlib
import io
import threading
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from digitjax import runs
from digitjax.data.folder import TEST_SHARE
from digitjax.data.manifest import LABEL, NAME, read_manifest
from digitjax.errors import InputError
from digitjax.imaging.decode import Source, decode

MOST_PICTURES = 10_000
MOST_CHARACTERS = 200
"""Of a label, and of the name of a writer."""

_ONE_AT_A_TIME = threading.Lock()  # a manifest is read, changed and written
_COLUMNS = ("file", "label", "writer", "split")


class Saved(NamedTuple):
    """A picture that was saved."""

    file: Path
    """The picture, as PNG."""
    before: str | None
    """The label that it had before, if it was there already."""


def save(folder: Path, picture: Source, label: str, writer: str = "") -> Saved:
    """Save a picture with its label; one that is there already takes the new label.

    The picture is kept as it is displayed, at the size at which it is read, under the SHA-256 of its pixels. Every
    fifth is for testing, the first among them: so one writer is enough to train and to test with.

    Args:
        folder: is made if it is not there.
        picture: a path, the bytes of a file, an open file, or pixels: uint8 (h, w), (h, w, 3) or (h, w, 4).
        label: its digits, with `|` between lines.
        writer: who wrote it, if that is known.

    Raises:
        InputError: the picture cannot be decoded, the label or the writer is not as it must be, or the folder holds
            other things, is full, or cannot be written. Then nothing is written.
    """
    label, writer = label.strip(), " ".join(writer.split())
    if not LABEL.fullmatch(label) or len(label) > MOST_CHARACTERS:
        raise InputError(
            f"the label is {_cut(label)!r}: it must be digits, with | between lines, at most {MOST_CHARACTERS} of them"
        )
    if not writer.isprintable() or len(writer) > MOST_CHARACTERS:
        raise InputError(
            f"the writer is {_cut(writer)!r}: it must be a name, {MOST_CHARACTERS} characters at most"
        )
    pixels = decode(picture).pixels
    name = f"{hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()[:24]}.png"
    with io.BytesIO() as file:
        Image.fromarray(pixels).save(file, "PNG")
        content = file.getvalue()
    with _ONE_AT_A_TIME:
        return _add(folder, content, {"file": name, "label": label, "writer": writer})


def count(folder: Path) -> int:
    """Return how many pictures a test set has; one that is not there has none.

    Raises:
        InputError: its manifest is not as it must be.
    """
    return len(read_manifest(folder)) if (folder / NAME).exists() else 0


def _add(folder: Path, content: bytes, new: dict[str, str]) -> Saved:
    columns, rows = _read(folder)
    path = folder / new["file"]
    known = next((row for row in rows if row["file"].strip() == path.name), None)
    before = known["label"] if known else None
    if known:
        known |= {column: value for column, value in new.items() if value}
    elif len(rows) >= MOST_PICTURES:
        raise InputError(f"{folder}: it has {len(rows):,} pictures, which is the most: begin another folder")
    else:
        tests = sum(row["split"] == "test" for row in rows)
        rows.append(new | {"split": "test" if tests < TEST_SHARE * (len(rows) + 1) else "train"})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        runs.write_bytes(path, content)
        runs.write_text(folder / NAME, _to_csv(columns, rows))
    except OSError as error:
        if not known:
            path.unlink(missing_ok=True)
        raise InputError(f"{folder}: it cannot be written ({error.strerror})") from None
    return Saved(path, before)


def _read(folder: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns and the rows of a manifest as they stand there, with those of ours that it lacks."""
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


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
