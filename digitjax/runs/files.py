"""Files of a run: JSON and text that are written whole or not at all."""

import json
import os
from pathlib import Path
from typing import Any

from digitjax.errors import InputError
from digitjax.migration import migrate_artifact


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON whole or not at all."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InputError: the file is missing or damaged.
    """
    try:
        content = json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:  # RecursionError: lists in lists without end
        raise InputError(f"{path}: it is not JSON ({error})") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: it must hold a JSON object")
    return content


def read_artifact(path: Path) -> dict[str, Any]:
    """Read a JSON object of an evaluation or a calibration, whatever version wrote it.

    Raises:
        InputError: the file is missing or damaged.
    """
    return migrate_artifact(read_json(path))


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises:
        InputError: it is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
