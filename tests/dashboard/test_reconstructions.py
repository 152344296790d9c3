"""The page Reconstructions: errors, images, latent vectors."""

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
    assert page.metric[0].delta == f"95% CI {low:.5f} to {high:.5f}"
    assert metrics(page)["KL divergence (nats per image)"] == f"{summary['divergence']:.1f}"
    assert len(page.slider) == 5  # a dimension of the latent each
    assert captions(page)[:4] == [
        f"image 0, true digit {evaluation.labels[0]}",
        "reconstruction",
        f"difference, MSE {evaluation.errors[0]:.4f}",
        "edited latent",
    ]
    assert len(page.get("image")) == 5  # the last is the overview


def test_images_are_sorted_and_filtered_by_digit(page, vae):
    evaluation = evaluate.read(vae, *vae.evaluations()[0])
    page.main.selectbox[1].set_value("largest error").run()
    worst = int(evaluation.errors.argmax())
    assert captions(page)[0] == f"image {worst}, true digit {evaluation.labels[worst]}"
    page.main.selectbox[2].set_value(3).run()
    threes = np.flatnonzero(evaluation.labels == 3)
    worst = int(threes[evaluation.errors[threes].argmax()])
    assert captions(page)[0] == f"image {worst}, true digit 3"
    page.main.selectbox[1].set_value("index").run()
    assert captions(page)[0] == f"image {threes[0]}, true digit 3"


def test_the_next_page_shows_the_next_images(page):
    page.number_input[0].set_value(2).run()
    assert captions(page)[0].startswith("image 100,")


def test_a_reload_shows_the_same_page(page, visit, vae):
    page.main.selectbox[1].set_value("largest error").run()
    page.number_input[0].set_value(2).run()
    again = visit(vae.path.parent, "reconstructions", sort="largest error", page="2")
    assert captions(again) == captions(page)
    again.main.selectbox[2].set_value(3).run()
    assert again.number_input[0].value == 1


def test_images_are_in_the_page_itself(page):
    """Files of Streamlit's would be gone by the time that the browser asks, while a slider is moved."""
    assert all(url.startswith("data:image/png;base64,") for url in urls(page))


def test_a_slider_edits_the_latent_vector(page):
    image, reconstructed, difference, edited = urls(page)
    assert edited == reconstructed != image
    page.slider[0].set_value(3.0 if page.slider[0].value < 0 else -3.0).run()
    assert urls(page)[:3] == [image, reconstructed, difference]
    assert urls(page)[3] != edited
    page.number_input[0].set_value(2).run()
    assert urls(page)[0] != image
    assert urls(page)[1] == urls(page)[3]


def test_an_autoencoder_without_its_checkpoint_still_shows_its_errors(visit, vae):
    shutil.rmtree(vae.checkpoints)
    app = visit(vae.path.parent, "reconstructions")
    assert "Mean squared error" in metrics(app)
    assert "there is no step 21" in texts(app.error)[0]


def test_a_classifier_has_no_reconstructions(visit, copy):
    (reason,) = texts(visit(copy.path.parent, "reconstructions").info)
    assert reason == "copy is a classifier. Select an autoencoder in the sidebar."


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("config.json", "{", "invalid JSON"),
        ("evaluation/test@21/metrics.json", "5", "it must hold a JSON object"),
        ("evaluation/test@21/predictions.npz", "", "it is not what was written: evaluate vae again"),
    ],
)
def test_a_damaged_file_is_named(visit, vae, file, content, reason):
    (vae.path / file).write_text(content)
    assert reason in texts(visit(vae.path.parent, "reconstructions").error)[0]
