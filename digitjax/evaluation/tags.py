"""Tags: what a person says of single pictures, kept beside what a network makes of them.

RUN/tags.json
  data_sha256          of the data set: tags never move to other pictures
  splits               of each split by the number of the picture: tags, a note
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, NonNegativeInt, StringConstraints, ValidationError

from digitjax import runs
from digitjax.errors import InputError

SUGGESTIONS = ("label error", "ambiguous", "badly written", "cut off")
MOST_TAGS = 8
"""Of a picture."""
LONGEST_TAG, LONGEST_NOTE = 40, 500
"""Characters."""

# The files of a process are changed one at a time: changing one reads it and writes it anew.
_changing = threading.Lock()


class Tagged(BaseModel, frozen=True, extra="forbid"):
    """What a person says of a picture."""

    tags: Annotated[
        tuple[
            Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TAG)],
            ...,
        ],
        Field(max_length=MOST_TAGS),
    ] = ()
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_NOTE)] = ""


def make(tags: Sequence[str], note: str = "") -> Tagged:
    """Return what a person says of a picture.

    Raises:
        InputError: there are too many tags, or one of them or the note is too long.
    """
    try:
        return Tagged(tags=tuple(tags), note=note)
    except ValidationError as error:
        raise InputError(f"{_reason(error)}: use fewer or shorter ones") from None


Tags = dict[int, Tagged]
"""Of the pictures of a split, by their numbers."""


class _File(BaseModel, frozen=True, extra="forbid"):
    data_sha256: str
    splits: dict[str, dict[NonNegativeInt, Tagged]]


def tags_file(folder: Path) -> Path:
    """Return where the tags of a run or an ensemble lie."""
    return folder / "tags.json"


def read(folder: Path, split: str, data_sha256: str) -> Tags:
    """Return the tags of a split; of a folder without any, none.

    Args:
        folder: of a run or an ensemble.
        split: `train`, `validation` or `test`.
        data_sha256: of the data set that the pictures are of, as `digitjax.data.pipeline.Dataset` has it.

    Raises:
        InputError: the file is damaged, or its tags are of other data.
    """
    return dict(_read(tags_file(folder), data_sha256).splits.get(split, {}))


def write(folder: Path, split: str, number: int, tagged: Tagged, data_sha256: str) -> None:
    """Set the tags and the note of a picture in place of those that it had; without either, it is left out.

    Raises:
        InputError: as of `read`, and nothing is written then; or the file cannot be written.
    """
    file = tags_file(folder)
    with _changing:
        splits = {name: dict(tags) for name, tags in _read(file, data_sha256).splits.items()}
        of_split = splits.setdefault(split, {})
        of_split[number] = tagged
        if tagged == Tagged():
            del of_split[number]
        content = _File.model_validate({"data_sha256": data_sha256, "splits": splits})
        try:
            runs.write_text(file, content.model_dump_json(indent=2) + "\n")
        except OSError as error:
            raise InputError(f"{file}: {error.strerror}: tags cannot be kept in this folder") from None


def tagged_with(tags: Tags, tag: str) -> list[int]:
    """Return the numbers of the pictures that have a tag."""
    return [number for number, tagged in tags.items() if tag in tagged.tags]


def names(tags: Tags) -> list[str]:
    """Return the tags to choose from: the suggestions, then all that were given besides."""
    given = {tag for tagged in tags.values() for tag in tagged.tags}
    return [*SUGGESTIONS, *sorted(given.difference(SUGGESTIONS))]


def _read(file: Path, data_sha256: str) -> _File:
    if not file.exists():
        return _File(data_sha256=data_sha256, splits={})
    try:
        content = _File.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise InputError(f"{file}: {_reason(error)}: repair it, or move it away") from None
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from None
    if content.data_sha256 != data_sha256:
        raise InputError(f"{file}: its tags are of other data than those that are here: move it away")
    return content


def _reason(error: ValidationError) -> str:
    """Say in one line what is wrong where."""
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"
