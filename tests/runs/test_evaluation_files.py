"""A folder is replaced whole or left as it was."""

from pathlib import Path

import pytest

from digitjax.runs.evaluation_files import replaced_whole


def write(folder: Path, name: str, error: Exception | None = None) -> None:
    with replaced_whole(folder) as partial:
        (partial / name).write_text(name)
        if error:
            raise error


def test_a_folder_is_made_and_replaced(tmp_path: Path):
    folder = tmp_path / "evaluation" / "made"
    for name in ("first", "second"):
        write(folder, name)
        assert [p.name for p in folder.iterdir()] == [name]
    assert [p.name for p in folder.parent.iterdir()] == ["made"]
    assert folder.stat().st_mode & 0o777 == 0o755


def test_after_an_error_all_is_as_before(tmp_path: Path):
    folder = tmp_path / "evaluation" / "made"
    write(folder, "first")
    with pytest.raises(OSError, match="full"):
        write(folder, "second", OSError("full"))
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")] == [
        "evaluation",
        "evaluation/made",
        "evaluation/made/first",
    ]
