"""Reconstruction errors equal hand-worked ones and are stored in the run folder."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from digitjax.config import Data
from digitjax.data import pipeline
from digitjax.errors import InputError
from digitjax.evaluation import evaluate as evaluation
from digitjax.evaluation.reconstruction import Reconstruction, format_summary, summarize
from digitjax.model import reconstructor
from digitjax.runs import Run

ERRORS = np.float32([0.1, 0.3, 0.2, 0.2])
LABELS = np.array([0, 7, 0, 0])


def test_a_summary_by_hand():
    summary = summarize({"error": ERRORS, "loss": np.float32([1, 2, 3, 4])}, LABELS)
    assert summary["examples"] == 4
    assert summary["error"] == pytest.approx(0.2)
    half_width = 1.96 * np.sqrt(0.005) / 2
    assert summary["error_interval"] == pytest.approx([0.2 - half_width, 0.2 + half_width])
    assert summary["root_error"] == pytest.approx(np.sqrt(0.2))
    assert summary["loss"] == 2.5
    assert "divergence" not in summary
    assert summary["per_class"] == [
        {"digit": 0, "error": pytest.approx(0.5 / 3), "examples": 3},
        {"digit": 7, "error": pytest.approx(0.3), "examples": 1},
    ]
    assert json.loads(json.dumps(summary))["examples"] == 4


def test_the_interval_covers_the_true_error_about_95_times_in_100():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        errors = rng.exponential(0.02, 300).astype(np.float32)
        summary = summarize({"error": errors, "loss": errors}, np.zeros(300, int))
        low, high = summary["error_interval"]
        covered += low <= 0.02 <= high
    assert 0.91 < covered / 400 < 0.98


def test_the_printed_summary_has_the_error_and_every_digit():
    metrics = {"error": ERRORS, "loss": ERRORS, "divergence": np.float32([1, 2, 3, 4])}
    lines = format_summary(summarize(metrics, LABELS)).splitlines()
    assert lines[0].startswith(
        "error       0.20000  (mean squared, intensities from 0 to 1; 4 images; 95% CI 0.13"
    )
    assert "divergence  2.50 nats per image" in lines
    assert lines[-1].split() == ["7", "0.30000", "1"]


def test_an_evaluation_is_written_and_read_back(tiny_vae: Run, tmp_path: Path):
    run = Run(Path(shutil.copytree(tiny_vae.path, tmp_path / "vae")))
    written = evaluation.evaluate(run, "validation", "latest")
    read = evaluation.read(run, "validation", written.step)
    assert isinstance(written, Reconstruction)
    assert isinstance(read, Reconstruction)
    np.testing.assert_array_equal(read.errors, written.errors)
    np.testing.assert_array_equal(read.labels, written.labels)
    assert read.summary == written.summary
    assert read.describe() == format_summary(written.summary)
    logged = run.metrics()[-1]
    assert written.summary["error"] == pytest.approx(logged["error"], rel=1e-4)
    assert written.summary["loss"] == pytest.approx(logged["loss"], rel=1e-4)


def test_the_errors_are_those_of_the_reconstructed_images(tiny_vae: Run):
    autoencoder, _ = reconstructor.load(tiny_vae)
    images = pipeline.load(Data(name="digits")).test.images
    decoded = autoencoder.decode(autoencoder.encode(images))
    errors = ((decoded / 255 - images / 255) ** 2).mean((1, 2))
    stored = evaluation.read(tiny_vae, "test", 21)
    assert isinstance(stored, Reconstruction)
    np.testing.assert_allclose(stored.errors, errors, atol=1e-3)


def test_test_time_augmentation_is_for_classifiers_alone(tiny_vae: Run):
    with pytest.raises(InputError, match="an autoencoder has no test-time augmentation: leave --tta out"):
        evaluation.evaluate(tiny_vae, tta="shifts")


def test_predictions_of_a_classifier_are_not_read_as_reconstructions(
    tiny_run: Run, tiny_vae: Run, tmp_path: Path
):
    run = Run(Path(shutil.copytree(tiny_vae.path, tmp_path / "vae")))
    name = Path("evaluation", "test@21", "predictions.npz")
    shutil.copy(tiny_run.path / name, run.path / name)
    with pytest.raises(InputError, match=r"predictions\.npz: it is not what was written: evaluate vae again"):
        evaluation.read(run, "test", 21)
