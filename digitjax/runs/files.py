"""Read and atomically write the files of a run."""

import glob
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import psutil

from digitjax.errors import InputError, naming_path
from digitjax.migration import migrate_artifact
from digitjax.signals import cleaning_up

_SEAL = "sha256"
"""Field of a JSON object with the SHA-256 of all its other fields, as JSON with sorted keys."""


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8 atomically.

    Args:
        path: of the file, which is replaced if it exists.
        text: its content.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically.

    Args:
        path: of the file, which is replaced if it exists.
        content: its content.

    Raises:
        InputError: it is a pipe or a device, which a file must not replace.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise InputError(f"{path} is a pipe or a device: name a file")
    _remove_leftovers(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with naming_path(path), cleaning_up(lambda: partial.unlink(missing_ok=True)):
        partial.write_bytes(content)
        partial.replace(path)


def _remove_leftovers(path: Path) -> None:
    """Delete what killed processes left when they wrote a file."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        pid = leftover.suffixes[-2][1:]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            leftover.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write an indented JSON file atomically.

    Args:
        path: of the file, which is replaced if it exists.
        content: what `json.dumps` accepts.
    """
    write_text(path, json.dumps(content, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InputError: the file is missing or damaged.
    """
    try:
        content = json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:  # RecursionError: nested too deep
        raise InputError(f"{path}: it is not JSON ({error})") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: it must hold a JSON object")
    return content


def write_sealed(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON object atomically, with the SHA-256 of its fields as one more.

    Args:
        path: of the file, which is replaced if it exists.
        content: what `json.dumps` accepts.
    """
    write_text(path, to_sealed_json(content))


def to_sealed_json(content: dict[str, Any]) -> str:
    """Return a JSON object with the SHA-256 of its fields as one more, which `read_sealed` checks."""
    return json.dumps({**content, _SEAL: _digest(content)}, indent=2) + "\n"


def read_sealed(path: Path) -> dict[str, Any]:
    """Read a JSON object that `write_sealed` wrote, or a version of digitjax that wrote no SHA-256.

    Raises:
        InputError: the file is missing, damaged, or changed.
    """
    content = read_json(path)
    if content.pop(_SEAL, None) not in (None, _digest(content)):
        raise InputError(f"{path}: its content is not what was written")
    return content


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_artifact(path: Path) -> dict[str, Any]:
    """Read a JSON object of an evaluation or a calibration that any version of digitjax wrote.

    Raises:
        InputError: the file is missing, damaged or changed.
    """
    return migrate_artifact(read_sealed(path))


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises:
        InputError: it is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
