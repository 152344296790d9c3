"""The page Filters and features: each of its parts, for each of the weights that there are."""

import shutil

import numpy as np
import pytest

from digitjax.model.network import weights_steps
from digitjax.runs import Run
from tests.dashboard.conftest import texts

PARTS = ("Filters", "Activations", "Attribution", "Map")


@pytest.fixture
def able_copy(able_run, tmp_path):
    """A copy of the able run, to be damaged."""
    return Run(shutil.copytree(able_run.path, tmp_path / "runs" / "able"))


def open_part(app, part):
    app.get("button_group")[0].set_value(part).run()
    assert not app.exception


def pictures(app):
    return [image.proto.imgs[0].url for image in app.get("image")]


def test_filters_of_every_layer(visit, able_copy):
    app = visit(able_copy.path.parent, "features")
    layers = app.main.selectbox[0]
    assert layers.options[0] == "blocks 0 conv, 1 to 8, 3x3"
    assert len(app.get("bidi_component")) == 1
    assert app.caption[0].value.startswith("8 of 8 filters")
    layers.set_value("blocks 1 conv").run()
    assert app.caption[0].value.startswith("16 of 16 filters")
    app.main.selectbox[1].set_value(3).run()
    assert not app.exception
    app.main.selectbox[0].set_value("head").run()
    assert len(app.get("image")) == 1


@pytest.mark.parametrize("part", ["Activations", "Attribution"])
def test_a_picture_is_explained_at_each_step(visit, able_copy, part):
    app = visit(able_copy.path.parent, "features")
    open_part(app, part)
    last = pictures(app)
    first, _ = weights_steps(able_copy)
    app.select_slider[0].set_value(first).run()
    assert pictures(app) != last
    app.select_slider[0].set_value(weights_steps(able_copy)[1]).run()
    assert pictures(app) == last
    app.number_input[0].set_value(1).run()
    assert pictures(app) != last
    assert not app.error


def test_another_digit_may_be_asked_about(visit, able_copy):
    app = visit(able_copy.path.parent, "features")
    open_part(app, "Attribution")
    shown = pictures(app)
    digit = app.main.selectbox[0]
    digit.set_value((digit.value + 1) % 10).run()
    assert pictures(app)[0] == shown[0]
    assert pictures(app)[1:] != shown[1:]


def marked(app):
    (line,) = [text for text in texts(app.markdown) if text.startswith("**")]
    return int(line.removeprefix("**").split()[0].replace(",", ""))


def test_the_map_is_marked_by_sliders_and_by_mouse(visit, able_copy):
    app = visit(able_copy.path.parent, "features")
    open_part(app, "Map")
    everything = marked(app)
    assert everything == 360  # the test split
    across, up = app.slider
    low, high = across.value
    across.set_value((low, (low + high) / 2)).run()
    half = marked(app)
    assert 0 < half < everything
    name = app.slider[0].key.removesuffix("-x")
    lower = [up.value[0], float(np.mean(up.value))]
    app.session_state[f"{name}-1"] = {"selection": {"brush": {"x": [low, high], "y": lower}}}
    app.run()
    assert not app.exception
    assert app.slider[0].value == (low, high)
    assert 0 < marked(app) < everything
    app.radio[0].set_value("t-SNE").run()
    assert marked(app) == everything


def test_a_run_without_kept_weights_has_no_slider(visit, copy):
    app = visit(copy.path.parent, "features")
    assert not app.select_slider
    assert not app.error


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda run: shutil.rmtree(run.checkpoints), "there is no checkpoint yet"),
        (lambda run: (run.path / "config.json").write_text("{"), "invalid JSON"),
    ],
)
def test_a_run_that_cannot_be_loaded_says_why(visit, copy, damage, reason):
    damage(copy)
    assert reason in texts(visit(copy.path.parent, "features").error)[0]


def test_an_autoencoder_has_no_filters_of_digits(visit, vae):
    assert "tells no digits apart" in texts(visit(vae.path.parent, "features").error)[0]


@pytest.mark.parametrize("folder", [".", "missing"])
def test_without_runs_the_model_in_the_box_is_shown(visit, tmp_path, folder):
    app = visit(tmp_path / folder, "features")
    assert app.subheader[0].value == "handwriting"
    assert not app.error
