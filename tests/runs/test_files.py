"""Files are written whole or not at all, and a killed process leaves nothing for long."""

import os
import subprocess
import sys
from pathlib import Path

from digitjax.runs import write_text


def test_what_a_killed_process_left_is_removed_by_the_next_that_writes_the_file(tmp_path: Path):
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    left = tmp_path / f".a.json.{int(dead.stdout)}.partial"
    others = [tmp_path / f".a.json.{os.getppid()}.partial", tmp_path / f".b.json.{int(dead.stdout)}.partial"]
    for file in (left, *others):
        file.touch()
    write_text(tmp_path / "a.json", "{}")
    assert set(tmp_path.iterdir()) == {tmp_path / "a.json", *others}
