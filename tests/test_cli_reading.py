"""`digitjax read --out`: reading many pictures into a file, and resuming."""

import contextlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from digitjax import cli
from digitjax.runs import Run
from tests.processes import assert_refused, run_cli, wait_until
from tests.recognition.drawing import digit_picture, encode


def test_many_pictures_are_read_into_a_file_that_the_same_command_completes(
    able_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder, out, listed = tmp_path / "many", tmp_path / "out.jsonl", tmp_path / "list.txt"
    (folder / "below").mkdir(parents=True)
    for name in ("b.png", "below/a.png", "c.png"):
        Image.fromarray(digit_picture(3)).save(folder / name)
    (folder / "a.png").touch()
    listed.write_text(f"gone.png\n{folder}\n")
    command = ["read", str(folder), "--list", str(listed), "--out", str(out), "--model", str(able_run.path)]

    def read() -> str:
        with pytest.raises(SystemExit) as stop:
            cli.main(command)
        assert stop.value.code == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        return printed.err

    assert re.search(r"out\.jsonl: 5 pictures, 2 of them could not be read; 5 new, \d+ per second\n$", read())
    complete = out.read_bytes()
    results = [json.loads(line) for line in complete.splitlines()]
    names = [str(folder / name) for name in ("a.png", "b.png", "below/a.png", "c.png")]
    assert [result["file"] for result in results] == [*names, "gone.png"]
    assert [result["text"] for result in results] == ["", "3", "3", "3", ""]
    assert results[0]["error"] == "it is empty"
    out.write_bytes(complete[:-200])
    assert "5 pictures, 2 of them could not be read; 2 new" in read()
    assert out.read_bytes() == complete

    out.unlink()
    for shard in ("1/3", "2/3", "3/3"):
        with contextlib.suppress(SystemExit):
            cli.main([*command, "--shard", shard])
    assert sorted(out.read_bytes().splitlines()) == sorted(complete.splitlines())


def test_a_name_that_is_not_utf8_is_printed(able_run: Run, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    path = os.fsencode(tmp_path) + b"/\xff.png"
    Path(os.fsdecode(path)).write_bytes(encode(Image.fromarray(digit_picture(3))))
    cli.main(["read", str(tmp_path), "--model", str(able_run.path)])
    assert capfd.readouterr().out == f"{tmp_path}/\ufffd.png: 3\n"


def test_an_interrupted_read_stops_after_its_picture_and_says_how_to_resume(tiny_run: Run, tmp_path: Path):
    picture, out = tmp_path / "a.png", tmp_path / "out.jsonl"
    Image.fromarray(digit_picture(3)).save(picture)
    command = [sys.executable, "-m", "digitjax", "read", "--list", "-", "--out", str(out)]
    process = subprocess.Popen(
        [*command, "--model", str(tiny_run.path)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write(f"{picture}\n")
    process.stdin.flush()
    wait_until(lambda: out.is_file() and out.stat().st_size)
    assert_refused(run_cli("read", "a.png", "--out", str(out)), "out.jsonl: another process is writing it")
    process.terminate()
    _, error = process.communicate("gone.png\nnot-read.png\n", timeout=60)
    assert process.returncode == 128 + 15
    assert error == f"digitjax: {out}: stopped: run the same command again to resume\n"
    assert [json.loads(line)["file"] for line in out.read_text().splitlines()] == [str(picture), "gone.png"]


@pytest.mark.parametrize("name", ["pipe.png", "/dev/zero"])
def test_a_pipe_or_a_device_is_no_picture(able_run: Run, tmp_path: Path, name: str):
    os.mkfifo(tmp_path / "pipe.png")
    result = run_cli("read", str(tmp_path / name), "--model", str(able_run.path))
    assert_refused(result, f"{name}: it is a pipe or a device: save the picture as a file")


@pytest.mark.parametrize("name", ["pipe.jsonl", "/dev/full"])
def test_results_are_not_written_to_a_pipe_or_a_device(able_run: Run, tmp_path: Path, name: str):
    os.mkfifo(tmp_path / "pipe.jsonl")
    Image.fromarray(digit_picture(3)).save(tmp_path / "a.png")
    out, model = str(tmp_path / name), str(able_run.path)
    result = run_cli("read", str(tmp_path / "a.png"), "--out", out, "--model", model)
    assert_refused(result, f"{name} is a pipe or a device: name a file with --out")
    assert not list(Path(out).parent.glob(".*.lock"))


def test_a_picture_is_read_from_standard_input(able_run: Run, tmp_path: Path):
    picture = encode(Image.fromarray(digit_picture(3)))
    command = [sys.executable, "-m", "digitjax", "read", "-", "--model", str(able_run.path)]
    result = subprocess.run(command, input=picture, capture_output=True)
    assert (result.stdout, result.stderr) == (b"-: 3\n", b"")


def test_escape_sequences_in_names_do_not_reach_the_terminal(able_run: Run, tmp_path: Path):
    for name in ("a\x1b[31m.png", "b\n\x9b7m.png"):
        Image.fromarray(digit_picture(3)).save(tmp_path / name)
    (tmp_path / "c\x07.png").touch()
    result = run_cli("read", str(tmp_path), "--model", str(able_run.path))
    assert result.stdout == f"{tmp_path}/a\\x1b[31m.png: 3\n{tmp_path}/b\\n\\x9b7m.png: 3\n"
    assert result.stderr == f"digitjax: error: {tmp_path}/c\\x07.png: it is empty\n"
    assert_refused(run_cli("read", "a.png", "--model", "x\x1b[2J"), r"x\\x1b\[2J")


def test_a_reader_that_leaves_ends_the_command_quietly(able_run: Run, tmp_path: Path):
    for number in range(9):
        Image.fromarray(digit_picture(3)).save(tmp_path / f"{number}.png")
    for command in (
        ["read", str(tmp_path), "--model", str(able_run.path)],
        ["runs", "--runs", str(tmp_path)],
    ):
        with subprocess.Popen(
            [sys.executable, "-m", "digitjax", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.close()
            assert process.stderr is not None
            assert process.stderr.read() == b""
        assert process.returncode == 128 + 13  # as if killed by SIGPIPE
