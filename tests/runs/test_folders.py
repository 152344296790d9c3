"""A folder is replaced atomically or left unchanged."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from digitjax.runs.folders import atomic_folder


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


KILLED = """
import os, pathlib, signal, sys
from digitjax.runs.folders import atomic_folder
folder, moment = pathlib.Path(sys.argv[1]), sys.argv[2]
def kill(*_): os.kill(os.getpid(), signal.SIGKILL)
with atomic_folder(folder) as partial:
    (partial / "second").write_text("half")
    if moment == "writing":
        kill()
    partial.__class__.rename = {"renaming": kill, "renamed": lambda self, to: (os.rename(self, to), kill())}[moment]
"""


@pytest.mark.parametrize("moment", ["writing", "renaming", "renamed"])
def test_what_a_killed_process_left_over_is_removed_or_put_back(tmp_path: Path, moment: str):
    folder = tmp_path / "result"
    write(folder, "first")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(folder), moment], check=False)
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(OSError, match="full"):
        write(folder, "third", OSError("full"))
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")) == ["result", "result/first"]
    write(folder, "third")
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")) == ["result", "result/third"]
