"""The checkpoints of a folder, as their manifests describe them.

A checkpoint is a folder named after its step. Its `manifest.json`, which is written last, has the step, its metrics,
and the SHA-256 of every other file and of itself: a folder without a valid one is an interrupted save, or damaged.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, StrictFloat, StrictStr, TypeAdapter, ValidationError

from digitjax.errors import InputError, format_validation_error
from digitjax.runs.files import read_json, read_sealed, write_sealed

FILE = "manifest.json"
_METADATA = "_CHECKPOINT_METADATA"
"""File of a checkpoint in which Orbax keeps the config."""


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint on disk."""

    path: Path
    step: Annotated[int, Field(ge=0, strict=True)]
    metrics: Mapping[str, StrictFloat]
    """Metrics on the validation split, by which the best checkpoint is chosen; may be empty."""
    files: Mapping[str, StrictStr]
    """SHA-256 of each file, by its path in the folder."""
    run_id: StrictStr = ""
    """Id of the run that wrote it; empty in earlier versions."""

    def stored_config(self) -> str:
        """Return the config of its run as JSON; an empty string if it has none, or its file is damaged."""
        path = self.path / _METADATA
        with suppress(InputError):
            if self.files.get(_METADATA) == hash_file(path):
                match read_json(path):
                    case {"custom_metadata": {"config": str(config)}}:
                        return config
        return ""

    def damage(self) -> str:
        """Verify the files against the manifest; return what is wrong, or an empty string."""
        for name, sha256 in self.files.items():
            path = self.path / name
            if not path.is_file():
                return f"{path} is missing"
            if hash_file(path) != sha256:
                return f"{path} is not what was written"
        return ""


_ADAPTER = TypeAdapter(Checkpoint)


def read(path: Path) -> Checkpoint:
    """Read the manifest of a checkpoint.

    Raises:
        InputError: it is missing, damaged or of another step.
    """
    content = read_sealed(path / FILE)
    try:
        checkpoint = _ADAPTER.validate_python({"path": path, **content})
    except ValidationError as error:
        raise InputError(f"{path / FILE}: {format_validation_error(error)}") from None
    if str(checkpoint.step) != path.name:
        raise InputError(f"{path / FILE} is that of step {checkpoint.step}")
    return checkpoint


def find(folder: Path) -> tuple[list[Checkpoint], dict[int, str]]:
    """Find the checkpoints of a folder, without verifying their files.

    Returns:
        The complete checkpoints in the order of their steps; and what is wrong with each step that has no valid
        manifest, or the id of another run than the newest.
    """
    found, unusable = [], {}
    for path in _list_paths(folder):
        try:
            found.append(read(path))
        except InputError as error:
            unusable[int(path.name)] = str(error)
    own = found[-1].run_id if found else ""
    for checkpoint in found:
        if own and checkpoint.run_id not in ("", own):  # earlier versions gave no id
            unusable[checkpoint.step] = f"{checkpoint.path} is that of another run than step {found[-1].step}"
    return [checkpoint for checkpoint in found if checkpoint.step not in unusable], unusable


def find_newest(folder: Path) -> Checkpoint | None:
    """Return the newest checkpoint of a folder with a valid manifest, without verifying its files."""
    for path in reversed(_list_paths(folder)):
        with suppress(InputError):
            return read(path)
    return None


def _list_paths(folder: Path) -> list[Path]:
    """Return the folders of checkpoints in the order of their steps."""
    paths = [path for path in folder.glob("[0-9]*") if path.name.isdecimal()]
    return sorted(paths, key=lambda path: int(path.name))


def write(path: Path, step: int, metrics: Mapping[str, float], run_id: str = "") -> None:
    """Write the manifest of a checkpoint, whose other files are complete.

    Args:
        path: folder of the checkpoint.
        step: step of the training.
        metrics: metrics on the validation split; may be empty.
        run_id: id of the run, see `digitjax.runs.integrity`.
    """
    written = [p for p in sorted(path.rglob("*")) if p.is_file() and p.name != FILE]
    files = {str(p.relative_to(path)): hash_file(p) for p in written}
    write_sealed(path / FILE, {"step": step, "metrics": dict(metrics), "files": files, "run_id": run_id})


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises:
        InputError: it is missing or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
