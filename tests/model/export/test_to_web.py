"""The folder of a web export: its files, and what is refused. `test_web_page.py` opens it in a browser."""

import json
import re
import shutil
import stat
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import digitjax
from digitjax.config import Config, VAEConfig
from digitjax.errors import InputError
from digitjax.model import calibration
from digitjax.model.calibration import softmax
from digitjax.model.export import export, to_web, web_runtime
from digitjax.runs import create_run, find_run

PRETRAINED = find_run("handwriting")
PAGE = Path(to_web.__file__).with_name("web")
MAX_BYTES = 100_000
"""Size of all that the project has written for the page."""


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_holds_the_page_the_network_and_the_runtime(
    images: np.ndarray, tmp_path: Path, fake_runtime: Path
):
    line = export(PRETRAINED, "web", tmp_path / "demo")
    assert line == f"python -m http.server --directory {tmp_path / 'demo'}"
    runtime = {f"runtime/{name}" for name in web_runtime.FILES}
    assert files(tmp_path / "demo") == files(PAGE) | {"model.onnx", "model.json"} | runtime
    description = json.loads((tmp_path / "demo" / "model.json").read_text())
    fitted = calibration.read(PRETRAINED, step=description["step"])
    assert description == {
        "name": "handwriting",
        "step": fitted.step,
        "temperature": fitted.temperature,
        "reject_threshold": fitted.reject_threshold,
    }
    session = onnxruntime.InferenceSession(tmp_path / "demo" / "model.onnx")
    [logits] = session.run(["logits"], {"images": images})
    probabilities = digitjax.load().probabilities(images)
    np.testing.assert_allclose(softmax(logits / fitted.temperature), probabilities, atol=1e-5)


def test_the_page_is_small_and_names_no_other_host():
    assert sum(path.stat().st_size for path in PAGE.rglob("*") if path.is_file()) < MAX_BYTES
    for path in PAGE.rglob("*.*"):
        hosts = set(re.findall(r"https?://([^/\"' ]+)", path.read_text()))
        assert hosts <= {"www.w3.org"}, path  # the namespace of SVG


def test_the_page_keeps_every_file_for_use_without_a_network():
    worker = (PAGE / "service-worker.js").read_text()
    kept = {
        *re.findall(r'^  "([\w.-]+/?[\w.-]*)",$', worker, re.MULTILINE),
        *(f"js/{name}.js" for name in re.findall(r'^    "(\w+)",$', worker, re.MULTILINE)),
    }
    runtime = {f"runtime/{name}" for name in web_runtime.FILES}
    own = files(PAGE) - {"service-worker.js", "runtime/LICENSE"}
    assert kept == own | runtime | {"./", "model.onnx", "model.json"}


def test_an_autoencoder_is_refused(tmp_path: Path):
    run = create_run(Config(name="vae", model=VAEConfig()), tmp_path)
    with pytest.raises(InputError, match="its vae is not a classifier, and a page only reads digits: name"):
        export(run, "web", tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_a_folder_with_other_files_is_not_replaced(tmp_path: Path, fake_runtime: Path):
    (tmp_path / "index.html").touch()
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(InputError, match="holds more than an earlier export: name another with --out"):
        export(PRETRAINED, "web", tmp_path, overwrite=True)
    assert files(tmp_path) == {"index.html", "thesis.tex"}


def test_a_changed_runtime_is_refused(tmp_path: Path, fake_runtime: Path):
    fake_runtime.write_bytes(fake_runtime.read_bytes() + b"more")
    with pytest.raises(InputError, match=r"onnxruntime-web \S+ as published: delete it, and export again"):
        export(PRETRAINED, "web", tmp_path / "demo")
    assert not list(tmp_path.iterdir())


def install_npm(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program named npm into an otherwise empty search path."""
    folder.mkdir()
    npm = folder / "npm"
    npm.write_text(f"#!/bin/sh\n{script}\n")
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))


def test_npm_fetches_the_runtime_once(tmp_path: Path, fake_runtime: Path, monkeypatch: pytest.MonkeyPatch):
    source = shutil.move(fake_runtime, tmp_path / fake_runtime.name)
    install_npm(
        f'[ "$1 $2" = "pack {web_runtime.PACKAGE}@{web_runtime.VERSION}" ] && /bin/cp {source} "$4"',
        tmp_path / "bin",
        monkeypatch,
    )
    assert web_runtime.find_archive() == fake_runtime
    install_npm("exit 1", tmp_path / "broken", monkeypatch)
    assert web_runtime.find_archive() == fake_runtime
    assert files(fake_runtime.parent) == {fake_runtime.name}


def test_what_npm_says_and_the_remedy_are_named(
    tmp_path: Path, fake_runtime: Path, monkeypatch: pytest.MonkeyPatch
):
    fake_runtime.unlink()
    remedy = rf"or put the file that `npm pack \S+` writes on another machine into {fake_runtime.parent}$"
    install_npm("echo npm error code ENOTFOUND >&2; exit 1", tmp_path / "bin", monkeypatch)
    with pytest.raises(InputError, match=rf"\(npm error code ENOTFOUND\): check the network, {remedy}"):
        web_runtime.find_archive()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        InputError, match=rf"web needs npm to fetch onnxruntime-web \S+: install npm, {remedy}"
    ):
        web_runtime.find_archive()
    assert not files(fake_runtime.parent)
