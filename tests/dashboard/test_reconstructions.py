"""The page Reconstructions: errors, latents, rows of pictures."""

import shutil

from digitjax.evaluation import evaluate
from tests.dashboard.conftest import metrics, texts


def test_an_autoencoder_is_shown_from_headline_to_latent(visit, vae):
    app = visit(vae.path.parent, "reconstructions")
    summary = evaluate.read(vae, *vae.evaluations()[0]).summary
    low, high = summary["error_interval"]
    assert not app.error
    assert metrics(app)["Mean squared error"] == f"{summary['error']:.5f}"
    assert app.metric[0].delta == f"95 % interval: {low:.5f} to {high:.5f}"
    assert metrics(app)["Divergence, nats a picture"] == f"{summary['divergence']:.1f}"
    assert len(app.slider) == 5  # a dimension of the latent each
    assert [caption for image in app.get("image") for caption in image.captions][:3] == [
        "picture",
        "reconstructed",
        "moved",
    ]
    assert len(app.get("image")) == 4


def test_a_slider_moves_the_picture(visit, vae):
    app = visit(vae.path.parent, "reconstructions")

    def urls():
        return [image.proto.imgs[0].url for image in app.get("image")[:3]]

    picture, reconstructed, moved = urls()
    assert moved == reconstructed != picture
    app.slider[0].set_value(3.0 if app.slider[0].value < 0 else -3.0).run()
    assert urls()[:2] == [picture, reconstructed]
    assert urls()[2] != moved
    app.number_input[0].set_value(1).run()
    assert urls()[0] != picture
    assert urls()[1] == urls()[2]


def test_an_autoencoder_without_its_checkpoint_still_shows_its_errors(visit, vae):
    shutil.rmtree(vae.checkpoints)
    app = visit(vae.path.parent, "reconstructions")
    assert "Mean squared error" in metrics(app)
    assert "there is no checkpoint yet" in texts(app.error)[0]
