"""Run folders are created once, read safely, and listed even if damaged."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digitjax import runs
from digitjax.config import Config
from digitjax.errors import InputError
from digitjax.model import calibration
from digitjax.runs import Run, integrity, log_reader
from digitjax.runs.summary import summarize_run


def test_create_writes_the_config_and_overwrites_only_on_request(tmp_path: Path):
    run = runs.create_run(Config(name="a"), tmp_path)
    assert Run(run.path).config == Config(name="a")
    (run.path / "kept").touch()
    with pytest.raises(InputError, match="exists: continue it with --resume"):
        runs.create_run(Config(name="a", seed=1), tmp_path)
    assert (run.path / "kept").exists()
    assert Run(run.path).config.seed == 0
    runs.create_run(Config(name="a", seed=1), tmp_path, overwrite=True)
    assert not (run.path / "kept").exists()


def test_a_folder_that_cannot_be_created_is_an_input_error(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="Not a directory"):
        runs.create_run(Config(name="a"), tmp_path / "file")


def test_find_by_name_and_by_path(tmp_path: Path):
    run = runs.create_run(Config(name="a"), tmp_path)
    assert runs.find_run("a", tmp_path) == run
    assert runs.find_run(run.path, Path("elsewhere")) == run
    with pytest.raises(InputError, match=r"no run 'b' .*\(a\)"):
        runs.find_run("b", tmp_path)


def test_metrics_leave_out_an_incomplete_last_line(tmp_path: Path):
    run = runs.create_run(Config(name="a"), tmp_path)
    assert run.metrics() == []
    lines = [{"step": step, "epoch": 1, "split": "train", "seconds": 0.5} for step in (1, 2)]
    first, second = map(json.dumps, lines)
    run.metrics_file.write_text(f'{first}\n{second}\n{{"st')
    assert run.metrics() == lines
    run.metrics_file.write_text(f'{first}\n{{"st\n{second}\n')
    with pytest.raises(InputError, match=r"metrics\.jsonl: line 2 is not as training writes it: delete it"):
        run.metrics()
    rest, problem = run.read_metrics()
    assert rest == [lines[0], lines[1]]
    assert "line 2" in problem


def test_a_trained_run_is_summarized(tiny_run: Run):
    summary = summarize_run(tiny_run)
    assert (summary.name, summary.model, summary.data) == ("tiny", "cnn", "digits")
    assert (summary.epoch, summary.epochs, summary.problem) == (1, 1, "")
    assert summary.test_accuracy is not None
    assert 0 < summary.test_accuracy <= 1


def test_an_autoencoder_is_summarized_by_its_lowest_error(tiny_vae: Run, tmp_path: Path):
    run = Run(Path(shutil.copytree(tiny_vae.path, tmp_path / "vae")))
    with run.metrics_file.open("a") as file:
        file.write('{"step": 42, "epoch": 2, "split": "validation", "error": 0.9, "seconds": 1}\n')
    integrity.write_own(run, run.path / "finished.json", {"step": 42}, integrity.FINAL)
    summary = summarize_run(run)
    assert (summary.model, summary.problem) == ("vae", "")
    assert (summary.validation_accuracy, summary.test_accuracy) == (None, None)
    logged = [line["error"] for line in tiny_vae.metrics() if line["split"] == "validation"]
    assert summary.validation_error == min(logged)
    assert summary.test_error is not None
    assert 0 < summary.test_error < 1


_LINE = '{"step": %s, "epoch": 1, "split": "validation", "seconds": 1.0}\n'


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "config.json: No such file"),
        ({"config.json": "{"}, "config.json: invalid JSON"),
        ({"config.json": '{"speed": 1}'}, "unknown field speed"),
        ({"config.json": "{}"}, "not finished"),
        ({"config.json": "{}", "metrics.jsonl": "?\n"}, "metrics.jsonl: line 1 is not as training writes"),
        ({"config.json": "{}", "metrics.jsonl": '{"step": 1}\n'}, "metrics.jsonl: line 1 is not as training"),
        (
            {"config.json": "{}", "metrics.jsonl": "[]\n"},
            "metrics.jsonl: line 1 is not as training writes it",
        ),
        ({"config.json": "{}", "metrics.jsonl": _LINE % '"9"'}, "metrics.jsonl: line 1 is not as training"),
        ({"config.json": "{}", "evaluation/test@1/metrics.json": "["}, "metrics.json: it is not JSON"),
    ],
)
def test_a_damaged_run_is_listed_with_its_problem(tmp_path: Path, files: dict[str, str], problem: str):
    (tmp_path / "bad").mkdir()
    for name, text in files.items():
        path = tmp_path / "bad" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    [run] = runs.list_runs(tmp_path)
    assert problem in summarize_run(run).problem


def test_a_run_that_may_not_be_looked_into_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("locked", "open"):
        runs.create_run(Config(name=name), tmp_path)
    (tmp_path / "loop").symlink_to("loop")

    def refuse(function: Callable[..., Any]) -> Callable[..., Any]:
        def refused(path: Path, *arguments: Any, **options: Any) -> Any:
            if path.parent.name == "locked":  # mocked, since the tests may run as a user who may do anything
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return function(path, *arguments, **options)

        return refused

    for name in ("exists", "read_bytes"):
        monkeypatch.setattr(Path, name, refuse(getattr(Path, name)))
    summaries = {entry.name: runs.summarize(entry).problem for entry in runs.list_entries(tmp_path)}
    assert set(summaries) == {"locked", "open"}
    assert summaries["locked"].endswith("locked/config.json: Permission denied")
    assert {run.name for run in runs.list_runs(tmp_path)} == {"locked", "open"}


def test_trials_of_a_sweep_are_runs_and_the_sweep_is_not(tmp_path: Path):
    trial = runs.create_run(Config(name="trial-0000"), tmp_path / "sweep")
    (tmp_path / "sweep/sweep.json").write_text("{}")
    (tmp_path / "sweep/.workers").mkdir()
    assert runs.list_runs(tmp_path) == []
    assert runs.list_runs(tmp_path / "sweep") == [trial]
    assert runs.find_run("sweep/trial-0000", tmp_path) == trial


def test_a_missing_folder_holds_no_runs(tmp_path: Path):
    assert runs.list_runs(tmp_path / "nowhere") == []


def test_free_names_count_up(tmp_path: Path):
    assert runs.free_name("a", tmp_path) == "a"
    (tmp_path / "a").mkdir()
    (tmp_path / "a-2").mkdir()
    assert runs.free_name("a", tmp_path) == "a-3"


def test_a_file_is_written_atomically(tmp_path: Path):
    path = tmp_path / "a.json"
    runs.write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        runs.write_json(path, {"a": object()})
    with pytest.raises(UnicodeEncodeError):
        runs.write_text(path, "\ud800")
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", ["[" * 100_000, '{"step": ' + "9" * 5000 + "}"])
@pytest.mark.parametrize("file", ["environment.json", "config.json", "metrics.jsonl", "calibration.json"])
def test_json_that_is_nested_too_deep_is_reported_in_one_line(tmp_path: Path, content: str, file: str):
    (tmp_path / file).write_text(content + "\n")
    run = Run(tmp_path)
    read = {
        "environment.json": lambda: run.environment,
        "config.json": lambda: run.config,
        "metrics.jsonl": lambda: run.metrics(),
        "calibration.json": lambda: calibration.read(run, 0),
    }
    with pytest.raises(InputError, match=file) as caught:
        read[file]()
    assert len(str(caught.value).splitlines()) == 1
    if file == "metrics.jsonl":
        assert log_reader.read(run).damaged_lines == (1,)


def test_a_link_is_replaced_and_never_followed(tmp_path: Path):
    (tmp_path / "outside").write_text("kept")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "tags.json").symlink_to(tmp_path / "outside")
    runs.write_text(tmp_path / "run" / "tags.json", "{}")
    assert not (tmp_path / "run" / "tags.json").is_symlink()
    assert (tmp_path / "outside").read_text() == "kept"


def test_overwriting_a_link_keeps_its_target(tmp_path: Path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").touch()
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "linked").symlink_to(tmp_path / "outside")
    with pytest.raises(InputError, match="symbolic link"):
        runs.create_run(Config(name="linked"), tmp_path / "runs", overwrite=True)
    assert (tmp_path / "outside" / "kept").exists()


def test_a_link_to_itself_is_not_external(tmp_path: Path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "tags.json").symlink_to("tags.json")
    assert not runs.has_external_link(tmp_path / "run", tmp_path)


def test_a_pipe_is_not_replaced_by_a_file(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe is a pipe or a device: name a file"):
        runs.write_bytes(tmp_path / "pipe", b"")
    assert (tmp_path / "pipe").is_fifo()
