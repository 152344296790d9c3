"""Commands refuse bad input with one line and code 2, and leave no files behind."""

import subprocess
from pathlib import Path

import pytest

from digitjax import cli
from digitjax.cli import runs
from tests.processes import assert_refused, run_cli


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["train", "nowhere"], "no experiment 'nowhere': name one of "),
        (["train", "digits", "--speed", "1"], r"there is no option --speed: did you mean --seed\?$"),
        (
            ["train", "digits", "--training.epoch", "1"],
            r"--training\.epoch: did you mean --training\.epochs\?$",
        ),
        (["train", "digits", "--lr=1"], r"there is no option --lr: did you mean --optimizer\.lr\?$"),
        (["train", "digits", "--model.drop_out=0"], r"--model\.drop_out: did you mean --model\.dropout\?$"),
        (["train", "digits", "--resum"], r"there is no option --resum: did you mean --resume\?$"),
        (["verify", "able", "--run", "x"], r"unknown arguments: --run x: did you mean --runs\?$"),
        (
            ["train", "digits", "--model.kind", "vit"],
            "model.kind is 'vit': it must be one of ",
        ),
        (
            ["train", "digits", "--training.epochs", "0"],
            r"training\.epochs: input should be greater than 0",
        ),
        (
            ["train", "digits", "--runs", "FILE"],
            "FILE/digits: Not a directory: choose another folder with --runs",
        ),
        (
            ["train", "digits", "--model.kind", "vae", "--training.mixup", "0.2"],
            r"training\.mixup is 0\.2: it changes labels",
        ),
        (["train", "digits", "--seeds", "1"], "--seeds is 1: a group has at least two seeds"),
        (["evaluate", "nowhere"], "no run 'nowhere' in runs"),
        (["calibrate", "nowhere"], "no run 'nowhere' in runs"),
        (["ensemble", "e", "nowhere"], "no run 'nowhere' in runs"),
        (["reconstruct", "nowhere"], "no run 'nowhere' in runs"),
        (["read", "FILE", "--model", "nowhere", "--out", "o"], "no run 'nowhere' in runs"),
        (["read"], "no pictures given: name a PICTURE"),
        (["read", ".", "--shard", "3/2"], "--shard is 3/2: it must be I/N"),
        (["read", "--list", "nowhere"], "nowhere: No such file or directory"),
        (["read", ".", "--json"], "there are no pictures: name some"),
        (["read", "FILE", "--out", "."], r"\.: Is a directory"),
        (["pack", "nowhere", "new"], "no run 'nowhere' in runs"),
        (["evaluate-pictures", ".", "--out", "FILE"], "FILE is not a folder: name one with --out"),
        (["data", "prepare", "mnist", "--manual-dir", "nowhere"], "there is no folder nowhere"),
        (["data", "prepare", "folder"], r"data\.folder is missing: the data set folder needs"),
        (["data", "prepare", "folder", "--folder", "nowhere"], "there is no folder nowhere"),
        (["train", "digits", "--data.name", "folder", "--data.folder", "."], r"\.: it has no pictures: put"),
        (["sweep", "nowhere"], "no sweep 'nowhere': name one of cnn, fast_cnn"),
        (
            ["sweep", "cnn", "--trials", "0"],
            "sweep cnn-sweep: trials: input should be greater than or equal to 1",
        ),
        (["serve", "--workers", "0"], "--workers is 0: it must be 1 or more"),
        (["serve", "--workers", "2", "--model", "nowhere"], "no run 'nowhere' in runs"),
        (["runs", "--speed"], "unknown arguments: --speed"),
    ],
)
def test_bad_input_is_one_line_and_code_2(
    arguments: list[str],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    Path("FILE").touch()
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    error = capfd.readouterr().err
    assert_refused(subprocess.CompletedProcess(arguments, stop.value.code, stderr=error), reason)
    assert [p.name for p in tmp_path.iterdir()] == ["FILE"]


def test_a_failed_download_is_one_line_and_leaves_nothing(tmp_path: Path):
    unreachable = "http://127.0.0.1:9"
    for command in (["data", "prepare", "mnist"], ["train", "mnist", "--runs", str(tmp_path / "runs")]):
        cache = str(tmp_path / "cache")
        result = run_cli(*command, DIGITJAX_CACHE=cache, HTTPS_PROXY=unreachable, https_proxy=unreachable)
        assert_refused(
            result, r"data set mnist: cannot download .*: digitjax data prepare mnist --manual-dir"
        )
    assert not (tmp_path / "runs").exists()


def test_a_disk_error_names_the_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def raise_disk_full(args: object) -> None:
        raise OSError(28, "No space left on device", "runs/a/metrics.jsonl")

    raise_disk_full.__doc__ = runs.list_runs.__doc__
    monkeypatch.setattr(runs, "list_runs", raise_disk_full)
    with pytest.raises(SystemExit) as stop:
        cli.main(["runs"])
    assert stop.value.code == 2
    assert capsys.readouterr().err == "digitjax: error: runs/a/metrics.jsonl: No space left on device\n"
