"""A folder is replaced atomically or left unchanged."""

from pathlib import Path

import pytest

from digitjax.runs.evaluation_files import atomic_folder


def write(folder: Path, name: str, error: Exception | None = None) -> None:
    with atomic_folder(folder) as partial:
        (partial / name).write_text(name)
        if error:
            raise error


def test_a_folder_is_created_and_replaced(tmp_path: Path):
    folder = tmp_path / "evaluation" / "result"
    for name in ("first", "second"):
        write(folder, name)
        assert [p.name for p in folder.iterdir()] == [name]
    assert [p.name for p in folder.parent.iterdir()] == ["result"]
    assert folder.stat().st_mode & 0o777 == 0o755


def test_after_an_error_the_folder_is_unchanged(tmp_path: Path):
    folder = tmp_path / "evaluation" / "result"
    write(folder, "first")
    with pytest.raises(OSError, match="full"):
        write(folder, "second", OSError("full"))
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")] == [
        "evaluation",
        "evaluation/result",
        "evaluation/result/first",
    ]
