"""Ctrl-C ends every command at once with code 130, and nothing but what a command says."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from digitjax.runs import Run
from tests.processes import wait_until


def interrupt(command: list[str], seconds: float) -> tuple[int, str]:
    """Interrupt a command so long after its imports began; return its code and what it printed on standard error."""
    with subprocess.Popen(
        [sys.executable, "-m", "digitjax", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_until(lambda: "numpy" in Path(f"/proc/{process.pid}/maps").read_text())
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        return process.wait(60), process.communicate()[1]


@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.5])
def test_an_interrupt_ends_a_command_with_code_130(tmp_path: Path, seconds: float):
    command = ["train", "digits", "--training.epochs", "500", "--runs", str(tmp_path)]
    code, error = interrupt(command, seconds)
    assert code == 130
    assert "Traceback" not in error
    assert "ignored" not in error
    assert not list(tmp_path.glob(".*"))


@pytest.mark.long
def test_interrupts_at_random_moments(tiny_run: Run, tmp_path: Path):
    moments = random.Random(0)
    train = ["train", "digits", "--training.epochs", "500", "--overwrite", "--runs", str(tmp_path)]
    for command in (["evaluate", str(tiny_run.path)], train):
        for _ in range(40):
            code, error = interrupt(command, moments.uniform(0, 3.7))
            assert code in ({130} if command is train else {130, 0}), error
            assert "Traceback" not in error
            assert "ignored" not in error


def test_what_is_half_written_is_removed_where_an_interrupt_ends_the_process(tmp_path: Path):
    code = """
import os, pathlib, signal, sys
from digitjax.runs.folders import atomic_folder
from digitjax.signals import exit_on_interrupt

exit_on_interrupt()
with atomic_folder(pathlib.Path(sys.argv[1]) / "new") as partial:
    (partial / "file").touch()
    os.kill(os.getpid(), signal.SIGINT)
"""
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)]).returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_that_is_ignored_stays_so(tmp_path: Path):
    code = "import digitjax.__main__, os, signal; os.kill(os.getpid(), signal.SIGINT); print('goes on')"
    command = f"trap '' INT; {sys.executable} -c \"{code}\""
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("goes on\n", "")
