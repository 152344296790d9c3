"""Runs are listed by a filter, renamed, deleted, restored and annotated on the command line."""

import json
from pathlib import Path

import pytest

from digitjax import cli, runs
from digitjax.config import Config


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two runs that were never trained."""
    for name, seed in (("first", 0), ("second", 7)):
        runs.create_run(Config(name=name, seed=seed), tmp_path)
    return tmp_path


def test_runs_are_managed(folder: Path, capsys: pytest.CaptureFixture[str]):
    def run(*arguments: str) -> str:
        cli.main(["runs", *arguments, "--runs", str(folder)])
        return capsys.readouterr().out

    def listed(expression: str) -> list[str]:
        return sorted(entry["name"] for entry in json.loads(run("--json", "--filter", expression)))

    assert listed("seed=7") == ["second"]
    run("tag", "first", "baseline", "good")
    run("tag", "first", "good", "--remove")
    run("note", "first", "to compare with")
    assert listed("tag=baseline") == listed("compare") == ["first"]
    assert listed("tag=good") == []
    run("rename", "first", "third")
    assert listed("") == ["second", "third"]
    assert "stopped  [baseline] not finished" in run("--filter", "third")
    run("delete", "third")
    assert listed("") == ["second"]
    assert run("restore").startswith("third  ")
    run("restore", "third")
    assert listed("tag=baseline") == ["third"]
    assert run("--filter", "seed=3") == f"no runs in {folder} for seed=3\n"
    assert run("restore") == ""


def test_the_folder_can_be_given_before_the_command(folder: Path):
    cli.main(["runs", "--runs", str(folder), "rename", "first", "third"])
    assert (folder / "third").is_dir()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["rename", "first", "second"], "second exists: choose another name"),
        (["delete", "nope"], "no run 'nope'"),
        (["restore", "nope"], "no deleted run 'nope'"),
        (["tag", "handwriting", "mine"], "handwriting is a pretrained model"),
        (["note", "first", "x" * 501], "should have at most 500 characters"),
        (["--filter", "lrr>1"], "no run has a field lrr"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
):
    with pytest.raises(SystemExit) as stop:
        cli.main(["runs", *arguments, "--runs", str(folder)])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert reason in error
    assert len(error.splitlines()) == 1
