"""The manifest of a folder of labeled pictures: their files and the digits that each shows."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from digitjax.errors import InputError
from digitjax.imaging.box import Box

NAME = "manifest.csv"
LAYOUTS = ("single", "string", "lines")
"""One digit, one line of digits, several lines of digits; each includes the ones before it."""
GROUPINGS = ("kind", "polarity", "writer")
"""Optional columns by which results are grouped."""

LABEL = re.compile(r"[0-9]+(\|[0-9]+)*")
"""A valid label: digits, with `|` between lines."""
_BOX = re.compile(r"([0-9]{1,5}) +([0-9]{1,5}) +([0-9]{1,5}) +([0-9]{1,5})")


@dataclass(frozen=True)
class ManifestRow:
    """A labeled picture."""

    file: str
    """Path relative to the folder of the manifest."""
    lines: tuple[str, ...]
    """The digits it shows, one string for each line, from the top."""
    layout: str
    """One of `LAYOUTS`."""
    split: str
    """`train`, `test`, or empty where the manifest gives none."""
    groups: dict[str, str]
    """Values of those of `GROUPINGS` that the manifest gives."""
    boxes: tuple[Box, ...] = ()
    """The box of each digit, in pixels of the picture at the size at which it is recognized; empty if not given."""


def read_manifest(folder: Path) -> list[ManifestRow]:
    """Read the `manifest.csv` of a folder.

    The columns `file` and `label` are required, the others optional. A layout that is not given follows from the
    label.

    Raises:
        InputError: the folder, the manifest, a column or a picture is missing, or a label, a layout, a split or
            boxes are wrong.
    """
    path = folder / NAME
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, restval="", skipinitialspace=True)
            missing = [name for name in ("file", "label") if name not in (table.fieldnames or ())]
            if missing:
                raise InputError(
                    f"{path}: it has no column {missing[0]!r}: its first line must name file and label, with commas"
                )
            rows = [_parse_row(row, folder, f"{path}, line {table.line_num}") for row in table]
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}: name a folder that holds pictures and a {NAME}"
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: it cannot be read ({error}): save it as CSV in UTF-8") from None
    if not rows:
        raise InputError(f"{path}: it names no pictures: add a line with file and label for each")
    return rows


def _parse_row(row: dict[str, str], folder: Path, location: str) -> ManifestRow:
    file, label = row["file"].strip(), row["label"].strip()
    if not (folder / file).is_file():
        raise InputError(
            f"{location}: there is no file {file!r} in {folder}: correct its name, or remove the line"
        )
    if not LABEL.fullmatch(label):
        raise InputError(
            f"{location}: the label of {file} is {label!r}: it must be digits, with | between lines"
        )
    lines = tuple(label.split("|"))
    implied = "lines" if len(lines) > 1 else "string" if len(label) > 1 else "single"
    layout = row.get("layout", "").strip() or implied
    if layout not in LAYOUTS or LAYOUTS.index(layout) < LAYOUTS.index(implied):
        raise InputError(
            f"{location}: the layout of {file} is {layout!r} and its label {label!r}: "
            "it must be single, string or lines, as the label is"
        )
    split = row.get("split", "").strip()
    if split not in ("", "train", "test"):
        raise InputError(f"{location}: the split of {file} is {split!r}: it must be train or test")
    boxes = parse_boxes(row.get("boxes", ""))
    if boxes is None or len(boxes) not in (0, sum(map(len, lines))):
        raise InputError(
            f"{location}: the boxes of {file} must be 'x0 y0 x1 y1' for each digit of its label {label!r}, with ; "
            "between them"
        )
    groups = {name: row[name].strip() for name in GROUPINGS if row.get(name, "").strip()}
    return ManifestRow(file, lines, layout, split, groups, boxes)


def format_boxes(boxes: Iterable[Box]) -> str:
    """Return boxes as they stand in a manifest, such as `0 0 20 28; 24 0 44 28`."""
    return "; ".join(" ".join(map(str, box.corners)) for box in boxes)


def parse_boxes(text: str) -> tuple[Box, ...] | None:
    """Return the boxes that `format_boxes` wrote; None if the text is anything else."""
    if not text.strip():
        return ()
    parts = [_BOX.fullmatch(part.strip()) for part in text.split(";")]
    if not all(parts):
        return None
    boxes = tuple(Box(*map(int, part.groups())) for part in parts if part)
    return boxes if all(box.width > 0 and box.height > 0 for box in boxes) else None
