"""Correction of a reading: its boxes and digits, and the folder in which it is saved."""

import json
import shlex

import numpy as np
import pytest

from digitjax import cli
from digitjax.data import folder as own_folder
from digitjax.data.manifest import read_manifest
from digitjax.imaging.box import Box
from tests.dashboard.conftest import png, texts
from tests.dashboard.page_helpers import as_url, listen_at
from tests.recognition.drawing import digit_picture, strokes


@pytest.fixture
def correct(draw, local, tmp_path):
    """Return a function that opens the page with a drawing, and the editor of its boxes."""

    def correct(content):
        return open_expander(draw(tmp_path / "runs", content))

    return correct


def open_expander(app):
    app.session_state["save-drawing"] = True
    app.run()
    assert not app.exception
    return app


def editor(app) -> dict:
    """Return what the editor of the boxes was given."""
    given = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return next(data for data in given if "pending" in data)


def edit(app, boxes, pending=""):
    """Mark other boxes, as the browser does."""
    app.session_state["boxes-drawing-kept"] = {
        "name": editor(app)["name"],
        "boxes": boxes,
        "pending": pending,
    }
    return app.run()


def save(app):
    app.button(key="submit-drawing").click().run()
    assert not app.exception
    return app


def marked(digit: str, *corners: int, line: float = 0) -> dict:
    return {"digit": digit, "corners": list(corners), "line": line}


def test_the_editor_starts_with_the_digits_that_were_read(correct):
    page = np.concatenate([digit_picture(3, count=2), digit_picture(7, count=2)])
    given = editor(correct(png(page)))
    assert [(box["digit"], box["line"]) for box in given["boxes"]] == [("3", 0), ("3", 0), ("7", 1), ("7", 1)]
    assert (given["width"], given["height"], given["pending"]) == (320, 320, "")
    assert given["picture"].startswith("data:image/jpeg;base64,")


def test_a_drawing_is_saved_with_its_label_and_boxes(correct, tmp_path, picture):
    app = correct(picture)
    app.text_input[0].set_value("Ada")
    save(app)
    folder = tmp_path / "handwriting"
    (entry,) = read_manifest(folder)
    assert (entry.lines, entry.groups) == (("0",), {"writer": "Ada"})
    assert entry.boxes == (Box(*editor(app)["boxes"][0]["corners"]),)
    assert texts(app.success)[0].startswith("Saved 0 as")
    corrected = [box | {"digit": "6"} for box in editor(app)["boxes"]]
    app = save(edit(app, corrected))
    assert texts(app.success) == ["Label changed from 0 to 6."]
    assert app.code[0].value == f"digitjax evaluate-pictures {folder}\ndigitjax adapt {folder} --name mine"
    assert "handwriting: 1." in " ".join(texts(app.caption))


@pytest.mark.parametrize("text", ["88", "4490"])
def test_touching_digits_that_were_read_wrongly_are_trained_on(correct, tmp_path, text):
    app = correct(png(np.where(strokes(text, gap=0), 20, 240).astype(np.uint8)))
    boxes = [marked(digit, 45 + 40 * i, 40, 85 + 40 * i, 140) for i, digit in enumerate(text)]
    app = save(edit(app, boxes))
    assert texts(app.success)[0].startswith(f"Saved {text} as")
    folder = tmp_path / "handwriting"
    manifest = (folder / "manifest.csv").read_text()
    (folder / "manifest.csv").write_text(manifest + manifest.splitlines()[1].replace("test", "train") + "\n")
    arrays = own_folder.to_arrays(folder, own_folder.list_samples(folder))
    assert arrays["train_labels"].tolist() == [int(digit) for digit in text]


def test_lines_and_boxes_without_a_digit(correct, tmp_path):
    page = np.concatenate([digit_picture(3, count=2), digit_picture(7, count=2)])
    app = correct(png(page))
    boxes = [
        box | {"digit": digit} for box, digit in zip(editor(app)["boxes"], ["5", "", "1", "2"], strict=True)
    ]
    save(edit(app, boxes))
    (entry,) = read_manifest(tmp_path / "handwriting")
    assert (entry.lines, len(entry.boxes)) == (("5", "12"), 3)


@pytest.mark.parametrize(
    ("boxes", "pending", "reason"),
    [
        ([], "", "no digit has a box: add one around each digit"),
        ([marked("0", 40, 40, 160, 160)], "12", "'12' and the boxes differ in their number of digits"),
        ([marked("0", 0, 0, 10, 10)], "", "box 1 holds no strokes"),
    ],
)
def test_what_cannot_be_saved_gives_its_reason(correct, tmp_path, picture, boxes, pending, reason):
    app = save(edit(correct(picture), boxes, pending))
    assert reason in texts(app.error)[0]
    assert not (tmp_path / "handwriting").exists()


def test_what_was_marked_belongs_to_one_picture(correct, picture):
    app = edit(correct(picture), [marked("5", 0, 0, 9, 9)])
    assert [box["digit"] for box in editor(app)["boxes"]] == ["5"]
    other = as_url(png(digit_picture(7)))
    app.session_state["drawing-kept"] = {"png": other, "strokes": [], "version": 2}
    app.run()
    assert [box["digit"] for box in editor(app)["boxes"]] == ["7"]


@pytest.mark.parametrize("address", [None, "0.0.0.0", "192.168.1.2", "example.org"])
def test_nothing_is_saved_where_others_can_reach_the_page(draw, tmp_path, picture, monkeypatch, address):
    listen_at(monkeypatch, address)
    app = open_expander(draw(tmp_path / "runs", picture))
    assert not app.text_input
    assert "Saving is disabled" in texts(app.info)[-1]


@pytest.mark.slow
@pytest.mark.long
def test_the_commands_for_saved_pictures_run(correct, tmp_path, capsys, picture):
    app = correct(picture)
    for digit in range(6):
        app.session_state["drawing-kept"] = {
            "png": as_url(png(digit_picture(digit))),
            "strokes": [],
            "version": digit,
        }
        save(app.run())
    measure, adapt = (shlex.split(line)[1:] for line in app.code[0].value.splitlines())
    cli.main(measure)
    assert "6" in capsys.readouterr().out
    cli.main([*adapt, "--runs", str(tmp_path / "out")])
    assert "before" in capsys.readouterr().out
