"""Fixtures of the page tests: runs, and a way to open a page without a browser."""

import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

pytest.importorskip("streamlit")

from streamlit.testing.v1 import AppTest

from digitjax.experiments import shipped_folder
from digitjax.runs import Run
from tests.dashboard.page_helpers import as_url, listen_at

DASHBOARD = shipped_folder("dashboard")
MISSING = "\N{EN DASH}"
"""What the pages show in place of an unknown value."""


@pytest.fixture
def copy(tiny_run, tmp_path):
    """A copy of the tiny run, to be damaged."""
    return Run(shutil.copytree(tiny_run.path, tmp_path / "runs" / "copy"))


@pytest.fixture
def vae(tiny_vae, tmp_path):
    """A copy of the tiny variational autoencoder, to be damaged."""
    return Run(shutil.copytree(tiny_vae.path, tmp_path / "runs" / "vae"))


@pytest.fixture
def visit(monkeypatch) -> Callable[..., AppTest]:
    """Return a function that opens a page on a folder of runs; keywords are query parameters."""

    def visit(folder: Path, page: str, /, **query: str) -> AppTest:
        monkeypatch.setattr(sys, "argv", ["app.py", str(folder)])
        monkeypatch.syspath_prepend(DASHBOARD)
        app = AppTest.from_file(DASHBOARD / "app.py", default_timeout=120)
        app.query_params.update(query)
        if page != "home":
            app.switch_page(f"views/{page}.py")
        app.run()
        assert not app.exception
        return app

    return visit


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A 0 of scikit-learn's digits, dark on white, as PNG."""
    digit = Image.fromarray((load_digits().images[0] * 15.9).astype(np.uint8)).resize((120, 120))
    return png(np.pad(255 - np.asarray(digit), 40, constant_values=255))


@pytest.fixture
def draw(visit):
    """Return a function that opens the page with a drawing on its canvas, to be read by the pretrained model."""

    def draw(folder, content):
        app = visit(folder, "try_it")
        drawing = {"png": content and as_url(content), "strokes": [], "version": 1}
        app.session_state["drawing-kept"] = drawing
        app.run()
        assert not app.exception
        return app

    return draw


@pytest.fixture
def local(monkeypatch):
    """Make the dashboard one that this machine alone can reach."""
    listen_at(monkeypatch, "127.0.0.1")


def png(pixels: np.ndarray) -> bytes:
    """Return pixels as the bytes of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def texts(elements) -> list[str]:
    """Return the texts of elements without the escapes of Markdown."""
    return [element.value.replace("\\", "") for element in elements]


def metrics(app: AppTest) -> dict[str, str]:
    """Return the values of the metrics of a page by their labels."""
    return {element.label: element.value for element in app.metric}
