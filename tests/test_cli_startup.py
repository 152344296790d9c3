"""Commands in odd surroundings: closed streams, poor encodings, full disks, and devices that are not there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from digitjax.runs import Run
from tests.processes import assert_refused, run_cli
from tests.recognition.drawing import digit_picture

SHORT = ("train", "digits", "--model.kind", "mlp", "--training.epochs", "0.2", "--name", "short")


def run_in_shell(settings: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command with redirections or limits of a shell, in which `$@` is the command."""
    command = ["sh", "-c", settings, "sh", sys.executable, "-m", "digitjax", *arguments]
    # Without coverage, whose own files and messages would meet the limits, too.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")
    }
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_take_nothing_from_a_training(tmp_path: Path, closed: str):
    result = run_in_shell(f'"$@" {closed}', *SHORT, "--runs", str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert (tmp_path / "short/calibration.json").exists()


def test_an_error_goes_nowhere_where_standard_error_is_closed():
    result = run_in_shell('"$@" 2>&-', "evaluate", "nowhere")
    assert (result.returncode, result.stdout) == (2, "")


@pytest.mark.parametrize("encoding", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}])
def test_names_beyond_ascii_are_printed_in_any_encoding(
    able_run: Run, tmp_path: Path, encoding: dict[str, str]
):
    Image.fromarray(digit_picture(3)).save(tmp_path / "dreißig.png")
    shutil.copytree(able_run.path, tmp_path / "für")
    read = run_cli("read", str(tmp_path / "dreißig.png"), "--model", str(tmp_path / "für"), **encoding)
    assert read.stderr == ""
    assert read.stdout.endswith((r"drei\xdfig.png: 3" "\n", "dreißig.png: 3\n"))
    listed = run_cli("runs", "--runs", str(tmp_path), **encoding)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.startswith((r"f\xfcr ", "für "))


def test_a_platform_without_a_device_is_one_line(tiny_run: Run):
    result = run_cli("evaluate", str(tiny_run.path), JAX_PLATFORMS="cuda")
    assert_refused(
        result, "JAX_PLATFORMS is cuda, of which there is no device here: unset it, or set it to cpu$"
    )


def test_a_full_disk_is_one_line_and_data_are_prepared_whole_or_not_at_all(tmp_path: Path):
    """A limit on the size of files stands for the disk: libraries meet the same errors."""
    os.environ["DIGITJAX_CACHE"], before = str(tmp_path / "cache"), os.environ["DIGITJAX_CACHE"]
    try:
        result = run_in_shell('ulimit -f 60 && "$@"', "data", "prepare", "digits")
    finally:
        os.environ["DIGITJAX_CACHE"] = before
    assert_refused(
        result, r"cache/digits-1\.0\.0: cannot be written \(File too large\): choose another folder"
    )
    assert not list((tmp_path / "cache").rglob("*digits*"))


def test_a_full_disk_ends_a_training_with_one_line_and_resume_goes_on(tmp_path: Path):
    command = (*SHORT, "--runs", str(tmp_path))
    assert (
        run_cli(*SHORT, "--runs", str(tmp_path / "warm")).returncode == 0
    )  # data and programs are in the cache
    result = run_in_shell('ulimit -f 60 && "$@"', *command)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    # Warnings may come first: for a compiled program that cannot be kept either.
    *warnings, line = result.stderr.splitlines()
    assert not any("digitjax: error" in warning for warning in warnings)
    assert line.startswith(
        f"digitjax: error: {tmp_path}/short/checkpoints/4: the checkpoint cannot be written"
    )
    assert line.endswith("File too large")
    assert not list(tmp_path.glob(".*"))
    assert run_cli(*command, "--resume").returncode == 0


def test_results_that_no_longer_fit_name_their_file(able_run: Run, tmp_path: Path):
    Image.fromarray(digit_picture(3)).save(tmp_path / "a.png")
    out = tmp_path / "out.jsonl"
    line = json.dumps({"file": "x" * 1000, "error": "it is empty"}) + "\n"
    out.write_text(line)
    command = ("read", str(tmp_path / "a.png"), "--out", str(out), "--model", str(able_run.path))
    assert (
        run_cli(*command[:2], *command[4:]).returncode == 0
    )  # so that no program has to be compiled, and cached
    assert_refused(run_in_shell('ulimit -f 2 && "$@"', *command), r"out\.jsonl: File too large$")
    assert not list(tmp_path.glob(".*"))
    assert out.read_text().startswith(line)
