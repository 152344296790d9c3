"""The manifest of a folder of labelled pictures: which files there are, and which digits each shows."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from digitjax.errors import InputError

NAME = "manifest.csv"
LAYOUTS = ("single", "string", "lines")
"""One digit, one line of digits, several lines: each may also show what those before it show."""
GROUPINGS = ("kind", "polarity", "writer")
"""Columns that pictures may be grouped by."""

LABEL = re.compile(r"[0-9]+(\|[0-9]+)*")


@dataclass(frozen=True)
class ManifestRow:
    """One labelled picture."""

    file: str
    """Path from the folder of the manifest."""
    lines: tuple[str, ...]
    """The digits it shows, a string a line from the top."""
    layout: str
    """One of `LAYOUTS`."""
    split: str
    """`train` or `test`, or empty where the manifest does not say."""
    groups: dict[str, str]
    """Value of each of `GROUPINGS` that the manifest gives."""


def read_manifest(folder: Path) -> list[ManifestRow]:
    """Read `manifest.csv`: its columns `file` and `label` are required, the others optional.

    A label is made of digits, with `|` between lines. A layout that is not given follows from the label.

    Raises:
        InputError: the folder, the manifest, a column or a picture is missing, or a label, layout or split is wrong.
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
            entries = [_entry(row, folder, f"{path}, line {table.line_num}") for row in table]
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}: name a folder that holds pictures and a {NAME}"
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: it cannot be read ({error}): save it as CSV in UTF-8") from None
    if not entries:
        raise InputError(f"{path}: it names no pictures: add a line with file and label for each")
    return entries


def _entry(row: dict[str, str], folder: Path, place: str) -> ManifestRow:
    file, label = row["file"].strip(), row["label"].strip()
    if not (folder / file).is_file():
        raise InputError(
            f"{place}: there is no file {file!r} in {folder}: correct its name, or remove the line"
        )
    if not LABEL.fullmatch(label):
        raise InputError(
            f"{place}: the label of {file} is {label!r}: it must be digits, with | between lines"
        )
    lines = tuple(label.split("|"))
    shown = "lines" if len(lines) > 1 else "string" if len(label) > 1 else "single"
    layout = row.get("layout", "").strip() or shown
    if layout not in LAYOUTS or LAYOUTS.index(layout) < LAYOUTS.index(shown):
        raise InputError(
            f"{place}: the layout of {file} is {layout!r} and its label {label!r}: "
            "it must be single, string or lines, as the label is"
        )
    split = row.get("split", "").strip()
    if split not in ("", "train", "test"):
        raise InputError(f"{place}: the split of {file} is {split!r}: it must be train or test")
    groups = {name: row[name].strip() for name in GROUPINGS if row.get(name, "").strip()}
    return ManifestRow(file, lines, layout, split, groups)
