"""The page Reconstructions: errors, pictures, latents."""

import shutil

import numpy as np
import pytest

from digitjax.evaluation import evaluate
from tests.dashboard.conftest import metrics, texts


@pytest.fixture
def page(visit, vae):
    """The page of the tiny variational autoencoder."""
    return visit(vae.path.parent, "reconstructions")


def captions(app):
    return [caption for image in app.get("image") for caption in image.captions]


def urls(app):
    return [image.proto.imgs[0].url for image in app.get("image")[:4]]


def test_an_autoencoder_is_shown_from_headline_to_latent(page, vae):
    evaluation = evaluate.read(vae, *vae.evaluations()[0])
    summary = evaluation.summary
    low, high = summary["error_interval"]
    assert not page.error
    assert metrics(page)["Mean squared error"] == f"{summary['error']:.5f}"
    assert page.metric[0].delta == f"95 % interval: {low:.5f} to {high:.5f}"
    assert metrics(page)["Divergence, nats a picture"] == f"{summary['divergence']:.1f}"
    assert len(page.slider) == 5  # a dimension of the latent each
    assert captions(page)[:4] == [
        f"picture 0, a {evaluation.labels[0]}",
        "reconstructed",
        f"difference, {evaluation.errors[0]:.4f}",
        "moved",
    ]
    assert len(page.get("image")) == 5  # the last is the overview


def test_pictures_are_ordered_and_chosen_by_digit(page, vae):
    evaluation = evaluate.read(vae, *vae.evaluations()[0])
    page.main.selectbox[1].set_value("largest error first").run()
    worst = int(evaluation.errors.argmax())
    assert captions(page)[0] == f"picture {worst}, a {evaluation.labels[worst]}"
    page.main.selectbox[2].set_value(3).run()
    threes = np.flatnonzero(evaluation.labels == 3)
    worst = int(threes[evaluation.errors[threes].argmax()])
    assert captions(page)[0] == f"picture {worst}, a 3"
    page.main.selectbox[1].set_value("by number").run()
    assert captions(page)[0] == f"picture {threes[0]}, a 3"


def test_the_next_page_goes_on(page):
    page.number_input[0].set_value(2).run()
    assert captions(page)[0].startswith("picture 100,")


def test_a_slider_moves_the_picture(page):
    picture, reconstructed, difference, moved = urls(page)
    assert moved == reconstructed != picture
    page.slider[0].set_value(3.0 if page.slider[0].value < 0 else -3.0).run()
    assert urls(page)[:3] == [picture, reconstructed, difference]
    assert urls(page)[3] != moved
    page.number_input[0].set_value(2).run()
    assert urls(page)[0] != picture
    assert urls(page)[1] == urls(page)[3]


def test_an_autoencoder_without_its_checkpoint_still_shows_its_errors(visit, vae):
    shutil.rmtree(vae.checkpoints)
    app = visit(vae.path.parent, "reconstructions")
    assert "Mean squared error" in metrics(app)
    assert "there is no checkpoint yet" in texts(app.error)[0]


def test_a_classifier_reconstructs_nothing(visit, copy):
    (reason,) = texts(visit(copy.path.parent, "reconstructions").error)
    assert reason == "copy is a classifier, which reconstructs nothing: choose an autoencoder"


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("config.json", "{", "invalid JSON"),
        ("evaluation/test@21/metrics.json", "5", "it must hold a JSON object"),
        ("evaluation/test@21/predictions.npz", "", "it cannot be read: evaluate vae again"),
    ],
)
def test_a_damaged_file_is_named(visit, vae, file, content, reason):
    (vae.path / file).write_text(content)
    assert reason in texts(visit(vae.path.parent, "reconstructions").error)[0]
