"""The page Try it: digits that are drawn, uploaded or photographed."""

import shlex
import shutil
from dataclasses import replace

import numpy as np
import pytest

from digitjax import cli, runs
from digitjax.data import pipeline
from digitjax.model.training.train import train
from digitjax.recognition import recognizer
from digitjax.visualization.explain import network
from digitjax.visualization.explain.neighbors import build_neighbor_index
from tests.dashboard.conftest import MISSING, png, texts
from tests.dashboard.page_helpers import predictions
from tests.recognition.drawing import strokes


@pytest.fixture
def read(visit):
    """Return a function that opens the page and uploads pictures, read by the selected run or the pretrained model."""

    def read(folder, files=(), pretrained=False, **query):
        app = visit(folder, "try_it", **query)
        if not pretrained:
            app.radio[0].set_value(app.radio[0].options[1]).run()
        if files:
            app.segmented_control("source").set_value("Upload").run()
            app.file_uploader[0].set_value([(name, content, "image/png") for name, content in files]).run()
        assert not app.exception
        return app

    return read


# ---------------------------------------------------------------------------------------- reading


def test_a_picture_is_read(read, able_run, picture):
    app = read(able_run.path.parent, [("zero_0.png", picture)], pretrained=True)
    assert app.subheader[0].value == r"zero\_0\.png"
    assert predictions(app) == ["0"]
    assert (len(app.get("image")), len(app.get("vega_lite_chart"))) == (1, 1)


def test_the_pretrained_model_reads_unless_the_selected_run_is_chosen(read, tiny_run, picture):
    folder = tiny_run.path.parent
    app = read(folder, [("zero.png", picture)], pretrained=True)
    assert app.radio[0].value == "handwriting (pretrained)"
    assert predictions(app)[0] == recognizer.load().read(picture).text
    by_tiny_run = recognizer.load(tiny_run.path).read(picture).text or MISSING
    assert by_tiny_run != recognizer.load().read(picture).text
    assert predictions(read(folder, [("zero.png", picture)]))[0] == by_tiny_run


def test_unreadable_pictures_give_their_reasons_beside_readable_ones(read, tiny_run, picture):
    bad = [("bad.png", b"hello"), ("empty.png", b""), ("cut.png", picture[:90])]
    good = [("blank.png", png(np.full((80, 120), 255, np.uint8))), ("good.png", picture)]
    app = read(tiny_run.path.parent, bad + good, pretrained=True)
    for reason, word in zip(texts(app.error), ("picture", "empty", "damaged"), strict=True):
        assert word in reason
    assert texts(app.info) == ["No digits found in this picture."]
    assert predictions(app)[0] == "0"


@pytest.mark.slow
def test_a_run_that_is_trained_or_calibrated_again_is_loaded_again(read, able_run, tmp_path, picture):
    copy = runs.Run(shutil.copytree(able_run.path, tmp_path / "runs" / "copy"))
    folder = copy.path.parent
    step = copy.evaluations()[0].step

    def text():
        return predictions(read(folder, [("zero.png", picture)]))[0]

    assert text() == recognizer.load(copy.path).read(picture).text
    runs.write_json(copy.path / "calibration.json", {"reject_threshold": 1.0, "step": step})
    assert text() == MISSING
    train(replace(copy.config, name="copy", seed=1), folder, overwrite=True)
    assert text() == recognizer.load(copy.path).read(picture).text


def test_a_group_and_an_ensemble_read_too(read, tiny_group, tmp_path, picture):
    folder = tmp_path / "runs"
    group = runs.Group(shutil.copytree(tiny_group.path, folder / "several"))
    runs.create_ensemble("both", group.members(), folder)
    for name in ("several", "both"):
        app = read(folder, [("zero.png", picture)], run=name)
        assert app.radio[0].value == f"{name} (selected run)"
        assert predictions(app)[0] == (recognizer.load(folder / name).read(picture).text or MISSING)


def test_an_autoencoder_cannot_be_tried_on_digits(visit, vae, tiny_run, tmp_path, monkeypatch):
    shutil.copytree(tiny_run.path, tmp_path / "box" / "handwriting")
    monkeypatch.setattr(runs, "PRETRAINED_FOLDER", tmp_path / "box")
    app = visit(vae.path.parent, "try_it")
    app.radio[0].set_value(app.radio[0].options[1]).run()
    assert texts(app.info) == ["vae is an autoencoder: see the page Reconstructions."]
    assert not app.segmented_control


def test_half_written_runs_are_named_and_the_pretrained_model_still_works(read, copy, picture):
    shutil.rmtree(copy.checkpoints)
    assert "copy" in texts(read(copy.path.parent).error)[0]
    (copy.path / "config.json").write_text("{")
    assert "config.json" in texts(read(copy.path.parent).error)[0]
    assert predictions(read(copy.path.parent, [("zero.png", picture)], pretrained=True)) == ["0"]


def test_the_page_works_without_runs(visit, tmp_path):
    app = visit(tmp_path / "none", "try_it")
    assert not app.radio
    assert not app.error


def test_lines_are_shown_whole_and_apart(read, tiny_run):
    page = np.concatenate([strokes("12345678901234567890", gap=20), strokes("7" * 20, gap=20)])
    app = read(
        tiny_run.path.parent, [("page.png", png(np.where(page, 20, 240).astype(np.uint8)))], pretrained=True
    )
    assert predictions(app) == ["12345678901234567890<br>" + "7" * 20]


# ---------------------------------------------------------------------------------- drawing, camera


def test_a_drawing_is_read_and_a_blank_page_is_not(draw, tmp_path, picture):
    app = draw(tmp_path, picture)
    assert predictions(app) == ["0"]
    assert not app.get("image")  # the boxes are drawn on the page itself
    blank = draw(tmp_path, "")
    assert not predictions(blank)
    (hint,) = [caption for caption in blank.caption if caption.value.startswith("Draw digits here")]
    assert hint.value == "Draw digits here; predictions appear after each stroke."
    assert "Space lowers and lifts it" in hint.proto.help


def test_a_damaged_drawing_gives_its_reason(draw, tmp_path):
    assert "picture" in texts(draw(tmp_path, b"hello").error)[0]


def test_the_camera_starts_only_when_it_is_asked_for(visit, tmp_path):
    app = visit(tmp_path, "try_it")
    assert not app.get("camera_input")
    app.segmented_control("source").set_value("Camera").run()
    assert len(app.get("camera_input")) == 1
    assert not app.get("bidi_component")


# -------------------------------------------------------------------------------- one digit in detail


def select_digit(app, monkeypatch, index: int):
    """Select a digit in the gallery, as a click does."""
    from parts import recognition_display

    monkeypatch.setattr(recognition_display, "select_from_gallery", lambda *_: index)
    app.run()
    assert not app.exception
    return app


def captions_of(app) -> list[str]:
    return [image.caption for images in app.get("image") for image in images.proto.imgs]


def test_a_selected_digit_is_shown_step_by_step(draw, tmp_path, picture, monkeypatch):
    app = select_digit(draw(tmp_path, picture), monkeypatch, 0)
    reading = recognizer.load().read(picture)
    shown = texts(app.markdown)
    assert "#### 1st digit: predicted 0" in shown
    assert reading.explain(reading.digits[0]) in shown
    captions = captions_of(app)
    assert captions[:4] == ["1. picture", "2. foreground", "3. segmented digit", "4. network input"]


def test_the_nearest_training_images_are_shown(read, able_run, picture, monkeypatch):
    captions = captions_of(select_digit(read(able_run.path.parent, [("zero.png", picture)]), monkeypatch, 0))
    (digit,) = recognizer.load(able_run.path).read(picture).digits
    split = pipeline.load(able_run.config.data).train
    near = build_neighbor_index(network.load(able_run)[0], split).nearest(digit.image, 8)
    assert captions[-8:] == [f"label {label}" for label in near.labels]
    assert captions[-9] == f"orange supports {digit.digit}, blue opposes it"


def test_missing_training_images_are_named(read, copy, picture, monkeypatch):
    monkeypatch.setenv("DIGITJAX_CACHE", str(copy.path / "empty"))
    app = read(copy.path.parent, [("zero.png", picture)])
    app = select_digit(app, monkeypatch, 0)
    assert not app.error
    assert texts(app.info) == ["This needs the images of digits, which are not on this machine yet."]


def test_an_ensemble_shows_the_steps_without_attribution(read, tiny_group, picture, monkeypatch):
    app = select_digit(
        read(tiny_group.path.parent, [("zero.png", picture)], run=tiny_group.name), monkeypatch, 0
    )
    assert "for single networks only" in texts(app.info)[-1]
    assert not app.error


# -------------------------------------------------------------------------------------- code snippets


def snippets(app) -> tuple[str, str, str]:
    read, python, http = (code.value for code in app.code[-3:])
    return read, python, http


@pytest.mark.parametrize("pretrained", [True, False])
def test_the_code_snippets_read_pictures(read, able_run, picture, tmp_path, monkeypatch, capsys, pretrained):
    shell, python, http = snippets(read(able_run.path.parent, pretrained=pretrained))
    (tmp_path / "picture.png").write_bytes(picture)
    monkeypatch.chdir(tmp_path)
    text = recognizer.load(None if pretrained else able_run.path).read(picture).text
    cli.main(shlex.split(shell)[1:])
    assert capsys.readouterr().out == f"picture.png: {text}\n"
    exec(python, {})
    assert capsys.readouterr().out == f"{text}\n"
    name = "handwriting" if pretrained else "able"
    assert (name in shell) != pretrained
    serve, curl = http.splitlines()
    assert serve.partition(" --model ")[2] == shell.partition(" --model ")[2]
    assert curl == "curl --form files=@picture.png http://127.0.0.1:8000/read"


def test_the_server_accepts_the_request_of_the_snippet(picture, tmp_path, visit):
    """The curl command has the field and the path of the server."""
    from fastapi.testclient import TestClient

    from digitjax.recognition.serving.app import make_app

    _, _, http = snippets(visit(tmp_path, "try_it"))
    form, url = shlex.split(http.splitlines()[1])[2:]
    field, _, name = form.partition("=@")
    with TestClient(make_app(recognizer.load()), base_url="http://localhost") as client:
        answer = client.post("/" + url.rpartition("/")[2], files={field: (name, picture)})
    assert answer.json()["results"][0]["text"] == "0"
