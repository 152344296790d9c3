"""The page Try it: pictures that people upload."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from digitjax import runs
from digitjax.model.train import train
from digitjax.recognition import recognizer
from tests.dashboard.conftest import metrics, png, texts


@pytest.fixture
def read(visit):
    """Return a function that opens the page and uploads pictures, to be read by the chosen run or that in the box."""

    def read(folder, files=(), boxed=False):
        app = visit(folder, "try_it")
        if not boxed:
            app.radio[0].set_value(app.radio[0].options[1]).run()
        if files:
            app.file_uploader[0].set_value([(name, content, "image/png") for name, content in files]).run()
        assert not app.exception
        return app

    return read


def test_a_picture_is_read(read, able_run, picture):
    app = read(able_run.path.parent, [("zero_0.png", picture)], boxed=True)
    (digit,) = recognizer.load().read(picture).digits
    assert app.subheader[0].value == r"zero\_0\.png"
    assert metrics(app) == {"Read as": "0", "Digit": "0"}
    assert app.metric[1].delta == f"{digit.confidence:.1%} confident"
    assert (len(app.get("image")), len(app.get("vega_lite_chart"))) == (2, 1)


def test_the_model_in_the_box_reads_unless_another_is_asked_for(read, tiny_run, picture):
    app = read(tiny_run.path.parent, [("zero.png", picture)], boxed=True)
    (digit,) = recognizer.load().read(picture).digits
    assert app.radio[0].value == "handwriting, the model in the box"
    assert app.metric[1].delta == f"{digit.confidence:.1%} confident"


def test_bad_pictures_give_their_reasons_beside_the_good_ones(read, tiny_run, picture):
    bad = [("bad.png", b"hello"), ("empty.png", b""), ("cut.png", picture[:90])]
    good = [("blank.png", png(np.full((80, 120), 255, np.uint8))), ("good.png", picture)]
    app = read(tiny_run.path.parent, bad + good)
    for reason, word in zip(texts(app.error), ("picture", "empty", "damaged"), strict=True):
        assert word in reason
    assert texts(app.info) == ["No digits were found in this picture."]
    assert metrics(app)["Read as"] == "-"  # the tiny run is too doubtful to be believed


def test_a_run_that_is_trained_again_is_loaded_again(read, copy, picture):
    before = read(copy.path.parent, [("zero.png", picture)])
    train(replace(copy.config, name="copy", seed=1), copy.path.parent, overwrite=True)
    after = read(copy.path.parent, [("zero.png", picture)])
    (digit,) = recognizer.load(copy.path).read(picture).digits
    assert after.metric[1].delta == f"{digit.confidence:.1%} confident" != before.metric[1].delta


def test_an_autoencoder_cannot_be_tried_on_digits(visit, vae, tiny_run, tmp_path, monkeypatch):
    shutil.copytree(tiny_run.path, tmp_path / "box" / "handwriting")
    monkeypatch.setattr(runs, "PRETRAINED_FOLDER", tmp_path / "box")
    app = visit(vae.path.parent, "try_it")
    app.radio[0].set_value(app.radio[0].options[1]).run()
    assert "its vae cannot tell digits apart" in texts(app.error)[0]
    assert not app.file_uploader
