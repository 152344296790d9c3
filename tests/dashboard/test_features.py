"""The page Filters and features: each of its sections, for each checkpoint."""

import shutil

import numpy as np
import pytest

from digitjax.runs import Run
from digitjax.runs.checkpoints import saved_steps
from tests.dashboard.conftest import texts


@pytest.fixture
def able_copy(able_run, tmp_path):
    """A copy of the able run, to be damaged."""
    return Run(shutil.copytree(able_run.path, tmp_path / "runs" / "able"))


def open_section(app, section):
    app.get("button_group")[0].set_value(section).run()
    assert not app.exception


def image_urls(app):
    return [image.proto.imgs[0].url for image in app.get("image")]


def test_filters_of_every_layer(visit, able_copy):
    app = visit(able_copy.path.parent, "features")
    layers = app.main.selectbox[0]
    assert layers.options[0] == "blocks 0 conv, 1 to 8, 3x3"
    assert len(app.get("bidi_component")) == 1
    assert app.caption[1].value.startswith("8 of 8 filters")
    layers.set_value("blocks 1 conv").run()
    assert app.caption[1].value.startswith("16 of 16 filters")
    app.main.selectbox[1].set_value(3).run()
    assert not app.exception
    app.main.selectbox[0].set_value("head").run()
    assert len(app.get("image")) == 1


@pytest.mark.parametrize("section", ["Activations", "Attribution"])
def test_an_image_is_explained_at_each_checkpoint(visit, able_copy, section):
    app = visit(able_copy.path.parent, "features")
    open_section(app, section)
    last = image_urls(app)
    first, _ = saved_steps(able_copy)
    app.select_slider[0].set_value(first).run()
    assert image_urls(app) != last
    app.select_slider[0].set_value(saved_steps(able_copy)[1]).run()
    assert image_urls(app) == last
    app.number_input[0].set_value(1).run()
    assert image_urls(app) != last
    assert not app.error


def test_another_class_can_be_explained(visit, able_copy):
    app = visit(able_copy.path.parent, "features")
    open_section(app, "Attribution")
    shown = image_urls(app)
    digit = app.main.selectbox[0]
    digit.set_value((digit.value + 1) % 10).run()
    assert image_urls(app)[0] == shown[0]
    assert image_urls(app)[1:] != shown[1:]


def count_selected(app):
    (line,) = [text for text in texts(app.markdown) if text.startswith("**")]
    return int(line.removeprefix("**").split()[0].replace(",", ""))


def test_a_region_of_the_map_is_selected_by_sliders_and_by_mouse(visit, able_copy):
    app = visit(able_copy.path.parent, "features")
    open_section(app, "Embeddings")
    total = count_selected(app)
    assert total == 360  # the test split
    across, up = app.slider
    low, high = across.value
    across.set_value((low, (low + high) / 2)).run()
    half = count_selected(app)
    assert 0 < half < total
    name = app.slider[0].key.removesuffix("-x")
    lower = [up.value[0], float(np.mean(up.value))]
    app.session_state[f"{name}-1"] = {"selection": {"brush": {"x": [low, high], "y": lower}}}
    app.run()
    assert not app.exception
    assert app.slider[0].value == (low, high)
    assert 0 < count_selected(app) < total
    app.radio[0].set_value("t-SNE").run()
    assert count_selected(app) == total


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
    app = visit(vae.path.parent, "features")
    assert not app.error
    assert texts(app.info) == ["vae is an autoencoder: see the page Reconstructions."]


@pytest.mark.parametrize("folder", [".", "missing"])
def test_without_runs_the_pretrained_model_is_shown(visit, tmp_path, folder):
    app = visit(tmp_path / folder, "features")
    assert app.subheader[0].value == "handwriting"
    assert not app.error
