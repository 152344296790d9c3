"""The page My handwriting: what is saved, teaching it, the accuracy before and after, undo."""

import csv
import shutil
import sys

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from digitjax import runs
from digitjax.data.hands import draw_hand, write_digit
from digitjax.model import adaptation
from tests.dashboard.conftest import DASHBOARD, metrics, texts
from tests.dashboard.page_helpers import gallery_captions, listen_at

APP = """
import sys
from pathlib import Path
import streamlit as st
from parts.run_selection import show_run_selector
page = st.navigation([st.Page("{page}"), st.Page("{drawing}")])
show_run_selector(Path(sys.argv[1]))
page.run()
"""


@pytest.fixture
def saved(tmp_path):
    """A folder of runs beside a folder in which each digit of a hand was saved once."""
    folder = tmp_path / "handwriting"
    folder.mkdir()
    rng = np.random.default_rng(1030)
    hand = draw_hand(rng)
    with (folder / "manifest.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "label"])
        for digit in range(10):
            strokes = write_digit(hand, digit, rng)
            Image.fromarray(np.rint(250 - 230 * strokes).astype(np.uint8)).save(folder / f"{digit}.png")
            table.writerow([f"{digit}.png", digit])
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.fixture
def show(monkeypatch):
    """Return a function that opens the page on a folder of runs, which this machine alone can reach."""

    def show(folder, address="127.0.0.1"):
        listen_at(monkeypatch, address)
        monkeypatch.setattr(sys, "argv", ["app.py", str(folder)])
        monkeypatch.syspath_prepend(DASHBOARD)
        views = DASHBOARD / "views"
        script = APP.format(page=views / "my_handwriting.py", drawing=views / "try_it.py")
        app = AppTest.from_string(script, default_timeout=120).run()
        assert not app.exception
        return app

    return show


def test_without_saved_digits_it_leads_to_the_canvas(show, tmp_path):
    app = show(tmp_path / "runs")
    assert "Nothing is saved yet" in app.info[0].value
    assert [button.label for button in app.button] == ["Draw digits"]


def test_saved_digits_are_shown_with_their_labels_and_counts(show, saved):
    app = show(saved)
    assert gallery_captions(app) == list("0123456789")
    assert ", ".join(f"{digit}: 1" for digit in range(10)) in texts(app.caption)
    assert [button.label for button in app.button] == ["Teach 10 digits"]


def test_pictures_that_cannot_be_used_are_named(show, saved):
    folder = saved.parent / "handwriting"
    shutil.copy(folder / "0.png", folder / "two.png")
    with (folder / "manifest.csv").open("a") as file:
        file.write("two.png,00\n")
    assert any("Not used" in text and "two.png" in text for text in texts(show(saved).caption))


def test_a_damaged_folder_is_explained_in_one_line(show, saved):
    (saved.parent / "handwriting" / "manifest.csv").write_text("file\n")
    app = show(saved)
    assert "it has no column 'label'" in texts(app.error)[0]


def test_too_few_digits_say_how_many_are_missing(show, saved):
    manifest = saved.parent / "handwriting" / "manifest.csv"
    manifest.write_text("\n".join(manifest.read_text().splitlines()[:5]))
    app = show(saved)
    assert app.info[0].value.startswith("Save 1 more digit,")
    assert not app.button


def test_other_machines_cannot_teach(show, saved):
    app = show(saved, address="0.0.0.0")
    assert "Teaching is disabled" in app.info[0].value
    assert not app.button


def test_teaching_shows_before_and_after_and_can_be_undone(show, saved):
    app = show(saved)
    app.button[0].click().run()
    assert not app.exception
    assert "Saved as my-handwriting" in texts(app.success)[0]
    result = adaptation.read(runs.find_run("my-handwriting", saved))
    assert metrics(app)["Your digits"] == f"{result['person']['accuracy_after']:.1%}"
    assert metrics(app)["Other people's digits"] == f"{result['reference']['accuracy_after']:.1%}"
    shutil.copytree(saved / "my-handwriting", saved / "earlier")
    assert len(app.run().get("vega_lite_chart")) == 1  # of both models
    (undo,) = [button for button in app.button if button.label == "Undo"]
    undo.click().run()
    assert not app.exception
    assert len(runs.list_runs(saved)) == 1
    assert not app.get("vega_lite_chart")
