"""Tags and notes that people give to single images of a split, stored beside the model's evaluations.

RUN/tags.json
  data_sha256          of the data set: tags of one data set are never applied to another
  splits               split -> index of the image -> tags and note
"""

import threading
from pathlib import Path

from pydantic import BaseModel, NonNegativeInt, ValidationError

from digitjax import runs
from digitjax.errors import InputError, format_validation_error
from digitjax.runs.annotations import Annotations

SUGGESTIONS = ("label error", "ambiguous", "badly written", "cut off")
_write_lock = threading.Lock()  # a change reads the whole file and writes it again


Tags = dict[int, Annotations]
"""Index of an image in its split -> its tags and note."""


class _File(BaseModel, frozen=True, extra="forbid"):
    data_sha256: str
    splits: dict[str, dict[NonNegativeInt, Annotations]]


def tags_file(folder: Path) -> Path:
    """Return the tags file in the folder of a run or an ensemble."""
    return folder / "tags.json"


def read(folder: Path, split: str, data_sha256: str) -> Tags:
    """Return the tags of a split; empty if the folder has none.

    Args:
        folder: of a run or an ensemble.
        split: `train`, `validation` or `test`.
        data_sha256: checksum of the data set, as `digitjax.data.pipeline.Dataset` has it.

    Raises:
        InputError: the file is damaged, or its tags are of other data.
    """
    return dict(_read(tags_file(folder), data_sha256).splits.get(split, {}))


def write(folder: Path, split: str, index: int, example_tags: Annotations, data_sha256: str) -> None:
    """Replace the tags and the note of an image; if both are empty, its entry is removed.

    Args:
        folder: of a run or an ensemble.
        split: `train`, `validation` or `test`.
        index: of the image in its split.
        example_tags: the new tags and note.
        data_sha256: checksum of the data set, as `digitjax.data.pipeline.Dataset` has it.

    Raises:
        InputError: the file is damaged, its tags are of other data, or it cannot be written; it is left unchanged.
    """
    file = tags_file(folder)
    with _write_lock:
        splits = {name: dict(known) for name, known in _read(file, data_sha256).splits.items()}
        tags = splits.setdefault(split, {})
        tags[index] = example_tags
        if example_tags == Annotations():
            del tags[index]
        content = _File.model_validate({"data_sha256": data_sha256, "splits": splits})
        try:
            runs.write_text(file, content.model_dump_json(indent=2) + "\n")
        except OSError as error:
            raise InputError(f"{file}: {error.strerror}: tags cannot be saved in this folder") from None


def find_tagged(tags: Tags, tag: str) -> list[int]:
    """Return the indices of the images that have a tag.

    Args:
        tags: of a split.
        tag: the tag to look for.
    """
    return [index for index, example_tags in tags.items() if tag in example_tags.tags]


def tag_names(tags: Tags) -> list[str]:
    """Return the tags to offer: the suggestions, then all others in use, sorted."""
    in_use = {tag for example_tags in tags.values() for tag in example_tags.tags}
    return [*SUGGESTIONS, *sorted(in_use.difference(SUGGESTIONS))]


def _read(file: Path, data_sha256: str) -> _File:
    if not file.exists():
        return _File(data_sha256=data_sha256, splits={})
    try:
        content = _File.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise InputError(f"{file}: {format_validation_error(error)}: repair it, or move it away") from None
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from None
    if content.data_sha256 != data_sha256:
        raise InputError(f"{file}: its tags are of another version of the data set: move it away")
    return content
