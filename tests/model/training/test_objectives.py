"""Objectives, compared with numbers worked out by hand."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitjax.config import AutoencoderConfig, Config, Model, Training, VAEConfig, options
from digitjax.data.normalize import normalize
from digitjax.data.pipeline import Split
from digitjax.model.training.objectives import cross_entropies, divergences, make_objective, squared_errors

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
INTENSITIES = IMAGES.reshape(3, -1) / np.float32(255)
LABELS = np.zeros(3, np.int32)


def test_the_errors_of_a_reconstruction_are_those_worked_out_by_hand():
    logits = np.float32([[0, math.log(3)]])  # probabilities of 1/2 and 3/4
    intensities = np.float32([[1, 0.5]])
    entropy = math.log(2) - 0.5 * (math.log(0.75) + math.log(0.25))
    np.testing.assert_allclose(cross_entropies(logits, intensities), [entropy], rtol=1e-6)
    np.testing.assert_allclose(squared_errors(logits, intensities), [(0.5**2 + 0.25**2) / 2], rtol=1e-6)


def test_the_divergence_is_that_of_normal_distributions():
    mean, log_variance = (
        jnp.float32([[0, 0], [1, 0], [0, 0]]),
        jnp.float32([[0, 0], [0, 0], [0, math.log(4)]]),
    )
    expected = [0, 0.5, 0.5 * (4 - 1 - math.log(4))]
    np.testing.assert_allclose(divergences(mean, log_variance), expected, atol=1e-6)


finite = st.lists(st.floats(-5, 5, width=32), min_size=3, max_size=3)


@given(finite, finite)
def test_no_divergence_is_negative(mean: list[float], log_variance: list[float]):
    assert divergences(jnp.float32([mean]), jnp.float32([log_variance]))[0] >= -1e-5


@pytest.mark.parametrize("model", [AutoencoderConfig(), VAEConfig(beta=0.0), VAEConfig(beta=4.0)])
def test_an_image_is_its_own_target_and_beta_weights_the_divergence(model: AutoencoderConfig | VAEConfig):
    objective = make_objective(Config(model=model))
    targets = objective.targets(normalize(IMAGES), jnp.asarray(LABELS))
    np.testing.assert_allclose(targets, INTENSITIES, atol=1e-6)
    logits = jnp.ones((3, 784))
    intermediates = {"mean": jnp.ones((3, 2)), "log_variance": jnp.zeros((3, 2))}  # a divergence of 1
    expected = cross_entropies(logits, targets) + getattr(model, "beta", 0.0)
    np.testing.assert_allclose(objective.losses(logits, intermediates, targets), expected, rtol=1e-6)
    np.testing.assert_allclose(
        objective.metrics(logits, targets)["error"],
        ((jax.nn.sigmoid(1.0) - INTENSITIES) ** 2).mean(1),
        rtol=1e-4,
    )


def test_the_metrics_of_validation_are_those_of_training():
    objective = make_objective(Config(model=AutoencoderConfig()))
    logits = np.random.default_rng(1).normal(size=(3, 784)).astype(np.float32)
    validation = objective.validate(logits, Split(IMAGES, LABELS))
    targets = objective.targets(normalize(IMAGES), jnp.asarray(LABELS))
    assert validation == {
        "loss": pytest.approx(float(objective.losses(jnp.asarray(logits), {}, targets).mean()), rel=1e-5),
        "error": pytest.approx(
            float(objective.metrics(jnp.asarray(logits), targets)["error"].mean()), rel=1e-5
        ),
    }


@pytest.mark.parametrize("kind", options(Model))
def test_every_model_has_an_objective_with_the_metric_of_its_task(kind: type):
    config = Config(model=kind(), training=Training(label_smoothing=0.0))
    objective = make_objective(config)
    targets = objective.targets(normalize(IMAGES), jnp.asarray(LABELS))
    assert targets.shape == ((3, 784) if config.task == "reconstruction" else (3, 10))
    assert list(objective.metrics(targets, targets)) == [
        "error" if config.task == "reconstruction" else "accuracy"
    ]


def test_the_target_of_an_outlier_is_the_uniform_distribution():
    objective = make_objective(Config(training=Training(label_smoothing=0.1)))
    targets = objective.targets(normalize(IMAGES), jnp.int32([3, -1, -1]))
    np.testing.assert_allclose(targets[0], np.where(np.arange(10) == 3, 0.91, 0.01), rtol=1e-5)
    np.testing.assert_allclose(targets[1:], 0.1, rtol=1e-5)
    sure = jnp.zeros((3, 10)).at[:2, 3].set(9.0)
    np.testing.assert_array_equal(objective.metrics(sure, targets)["accuracy"], [1, 0, 1])
