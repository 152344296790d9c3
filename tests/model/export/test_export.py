"""Exports of all formats: what is refused, what is replaced, and that the printed line works."""

import importlib.util
import pathlib
import shutil
from pathlib import Path

import jax
import numpy as np
import onnxruntime
import pytest
import safetensors.numpy

from digitjax import cli
from digitjax.errors import InputError
from digitjax.model.export import FORMATS, export
from digitjax.runs import Run

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fake_runtime")]  # each format is compiled

FILES = [name for name in FORMATS if not FORMATS[name].folder]


@pytest.mark.parametrize("to", FILES)
def test_the_printed_line_uses_the_export(calibrated_run: Run, images: np.ndarray, tmp_path: Path, to: str):
    line = export(calibrated_run, to, tmp_path / "export", "latest")
    names = {
        "images": images,
        "jax": jax,
        "onnxruntime": onnxruntime,
        "pathlib": pathlib,
        "safetensors": safetensors,
    }
    assert len(eval(line, names))
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


@pytest.mark.parametrize("to", FORMATS)
def test_an_earlier_export_is_kept_unless_it_may_be_replaced(tiny_run: Run, tmp_path: Path, to: str):
    path = tmp_path / "export"
    export(tiny_run, to, path)
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
    with pytest.raises(InputError, match="export exists: name another with --out, or replace it"):
        export(tiny_run, to, path)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == before
    export(tiny_run, to, path, overwrite=True)
    assert before.keys() == set(tmp_path.rglob("*"))
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} != before


@pytest.mark.parametrize("to", FORMATS)
def test_a_missing_package_is_named(tiny_run: Run, tmp_path: Path, to: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        InputError, match=rf"{to} needs {FORMATS[to].packages[0]}: pip install 'digitjax\[export"
    ):
        export(tiny_run, to, tmp_path / "export")


@pytest.mark.parametrize("to", FORMATS)
def test_a_path_that_cannot_be_written_is_refused(tiny_run: Run, tmp_path: Path, to: str):
    with pytest.raises(InputError, match=r"there is no folder .*nowhere: make it first"):
        export(tiny_run, to, tmp_path / "nowhere" / "export")
    taken = tmp_path / "taken"
    taken.touch() if FORMATS[to].folder else taken.mkdir()
    with pytest.raises(InputError, match=r"taken is (no|a) folder: name another path"):
        export(tiny_run, to, taken, overwrite=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["taken"]


@pytest.mark.parametrize("to", FILES)
def test_nothing_is_written_without_a_checkpoint(tiny_run: Run, tmp_path: Path, to: str):
    run = Run(tmp_path / "empty")
    shutil.copytree(tiny_run.path, run.path, ignore=shutil.ignore_patterns("checkpoints"))
    with pytest.raises(InputError, match="there is no checkpoint yet"):
        export(run, to, tmp_path / "export")
    with pytest.raises(InputError, match="there is no step '7'"):
        export(tiny_run, to, tmp_path / "export", "7")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_an_unknown_format_is_refused(tiny_run: Run, tmp_path: Path):
    with pytest.raises(InputError, match="no format 'keras': choose one of stablehlo, onnx"):
        export(tiny_run, "keras", tmp_path / "export")


def test_the_command_prints_path_and_use(tiny_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "tiny.safetensors"
    where = ("--runs", str(tiny_run.path.parent))
    cli.main(["export", tiny_run.name, "--to", "safetensors", "--out", str(out), *where])
    printed = capsys.readouterr()
    assert printed.out == f"{out}\n"
    assert printed.err == f"safetensors.numpy.load_file('{out}')\n"
    with pytest.raises(SystemExit):
        cli.main(["export", "--help"])
    assert f"{{{','.join(FORMATS)}}}" in capsys.readouterr().out
