"""The page Home: the selected model at a glance, some of its errors, and the next steps."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import streamlit

from digitjax.data import pipeline
from digitjax.data.cache import DataNotPreparedError
from digitjax.evaluation import evaluate
from digitjax.runs.seed_stats import format_metric
from tests.dashboard.conftest import DASHBOARD, MISSING, metrics, texts
from tests.dashboard.page_helpers import copy_run, gallery_captions, listen_at, predictions

ERRORS = 6


def captions(app):
    """Return the captions of the gallery, which comes after the canvas."""
    app_without_canvas = type("Page", (), {"get": lambda _, kind: app.get(kind)[1:]})()
    return gallery_captions(app_without_canvas)


def test_accuracy_and_most_confident_errors_of_the_selected_run_are_shown(visit, able_run):
    app = visit(able_run.path.parent, "home", run=able_run.name)
    evaluation = evaluate.read(able_run, *able_run.evaluations()[0])
    assert not app.error
    assert metrics(app) == {
        "Test accuracy": format_metric("accuracy", evaluation.summary["accuracy"]),
    }
    assert predictions(app) == [MISSING]
    confidences = evaluation.probabilities.max(axis=1)
    wrong = np.flatnonzero(evaluation.probabilities.argmax(axis=1) != evaluation.labels)
    worst = wrong[np.argsort(-confidences[wrong])][:ERRORS]
    predicted = evaluation.probabilities[worst].argmax(axis=1)
    expected = [
        f"{label} → {digit}" for label, digit in zip(evaluation.labels[worst], predicted, strict=True)
    ]
    assert [caption.partition(",")[0] for caption in captions(app)] == expected


def test_a_run_without_evaluation_has_its_validation_accuracy(visit, tiny_run, tmp_path):
    shutil.rmtree(copy_run(tiny_run, tmp_path, "copy").path / "evaluation")
    app = visit(tmp_path, "home", run="copy")
    assert not app.error
    assert "Validation accuracy" in metrics(app)
    assert "Not evaluated on the test split yet." in texts(app.caption)


def test_an_autoencoder_is_no_error(visit, vae):
    app = visit(vae.path.parent, "home", run="vae")
    assert not app.error
    assert "Test error" in metrics(app)


def test_next_steps_are_pages(visit, able_run):
    app = visit(able_run.path.parent, "home", run=able_run.name)
    steps = {button.label: button for button in app.button}
    assert {"Explore its errors", "See its learning curves", "Train a model"} <= steps.keys()


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_data_that_are_not_there_are_offered_for_download(visit, able_run, monkeypatch, address):
    def refuse(data):
        raise DataNotPreparedError(data, "11 MB from example.org")

    streamlit.cache_resource.clear()  # of the data
    monkeypatch.setattr(pipeline, "load_prepared", refuse)
    listen_at(monkeypatch, address)
    app = visit(able_run.path.parent, "home", run=able_run.name)
    assert not app.error
    assert texts(app.info) == ["This needs the images of digits, which are not on this machine yet."]
    labels = [button.label for button in app.button]
    assert ("Download digits (11 MB from example.org)" in labels) == (address == "127.0.0.1")
    assert [code.value for code in app.code] == ["digitjax data prepare digits"] * (address != "127.0.0.1")


def test_reading_and_the_errors_import_neither_jax_nor_scikit_learn():
    program = (
        "import sys; from parts import canvas, evaluation_context, recognizers; "
        "from digitjax import runs; "
        "model = recognizers.find_recognizer(runs.find_run(runs.PRETRAINED, runs.PRETRAINED_FOLDER)); "
        "recognizers.load_recognizer(model); print({'jax', 'sklearn'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", program], cwd=DASHBOARD, capture_output=True, text=True)
    assert found.stdout == "set()\n", found.stderr
