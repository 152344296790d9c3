"""Tags and notes that people give to a run, a group or an ensemble, or to a single image of a split.

RUN/annotations.json
  tags                 of the run
  note                 of the run

Those of images are in `digitjax.evaluation.tags`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from digitjax.errors import InputError, format_validation_error
from digitjax.runs.files import read_bytes, write_text

ANNOTATIONS_FILE = "annotations.json"
MAX_TAGS = 8
"""Maximum tags per run or image, so that they fit on the page."""
MAX_TAG_LENGTH, MAX_NOTE_LENGTH = 40, 500
"""In characters, so that they fit on the page."""


class Annotations(BaseModel, frozen=True, extra="forbid"):
    """Tags and a note."""

    tags: Annotated[
        tuple[
            Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TAG_LENGTH)],
            ...,
        ],
        Field(max_length=MAX_TAGS),
    ] = ()
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_NOTE_LENGTH)] = ""


def create(tags: Sequence[str], note: str = "") -> Annotations:
    """Return validated tags and note.

    Args:
        tags: up to `MAX_TAGS`, of up to `MAX_TAG_LENGTH` characters.
        note: up to `MAX_NOTE_LENGTH` characters.

    Raises:
        InputError: there are too many tags, or one of them or the note is too long.
    """
    try:
        return Annotations(tags=tuple(tags), note=note)
    except ValidationError as error:
        raise InputError(f"{format_validation_error(error)}: use fewer or shorter ones") from None


def read(folder: Path) -> Annotations:
    """Return the tags and the note of a run, a group or an ensemble; empty if it has none.

    Args:
        folder: of the run.

    Raises:
        InputError: the file is damaged.
    """
    file = folder / ANNOTATIONS_FILE
    if not file.exists():
        return Annotations()
    try:
        return Annotations.model_validate_json(read_bytes(file))
    except ValidationError as error:
        raise InputError(f"{file}: {format_validation_error(error)}: repair it, or move it away") from None


def write(folder: Path, annotations: Annotations) -> None:
    """Replace the tags and the note of a run, a group or an ensemble; if both are empty, the file is deleted.

    Args:
        folder: of the run.
        annotations: the new tags and note.

    Raises:
        InputError: the file cannot be written.
    """
    file = folder / ANNOTATIONS_FILE
    try:
        if annotations == Annotations():
            file.unlink(missing_ok=True)
        else:
            write_text(file, annotations.model_dump_json(indent=2) + "\n")
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}: it cannot be saved in this folder") from None
