"""Autoencoders: encoder, decoder, noise, and that they learn to reconstruct images."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits

from digitjax.config import Adam, AutoencoderConfig, Config, MLPConfig, Schedule, VAEConfig
from digitjax.data.normalize import normalize
from digitjax.errors import InputError
from digitjax.model import reconstructor
from digitjax.model.architectures.autoencoder import depth_to_space
from digitjax.model.network import Network
from digitjax.model.reconstructor import Reconstructor
from digitjax.model.training.objectives import divergences
from digitjax.model.training.step import Trainer
from digitjax.runs import Run, create_run

SMALL = {"channels": (8, 16), "latent": 8}
IMAGES = np.kron(load_digits().images[:8], np.ones((3, 3)))
IMAGES = np.pad(IMAGES * 15.9, ((0, 0), (2, 2), (2, 2))).astype(np.uint8)


@pytest.mark.parametrize("model", [AutoencoderConfig(**SMALL), VAEConfig(**SMALL)])
def test_the_output_is_the_decoded_latent_vector(model: AutoencoderConfig | VAEConfig):
    network = Network(model)
    weights = network.init(jax.random.key(0))
    logits, intermediates = network(weights, normalize(IMAGES))
    assert logits.shape == (8, 784)
    assert intermediates["latent"].shape == (8, 8)
    decoded, _ = network.module(weights).decode(intermediates["latent"])
    np.testing.assert_allclose(decoded, logits, rtol=1e-5, atol=1e-6)


def test_four_channels_become_two_by_two_pixels():
    features = jnp.arange(2 * 8, dtype=jnp.float32).reshape(1, 1, 2, 8)
    enlarged = depth_to_space(features)
    assert enlarged.shape == (1, 2, 4, 2)
    np.testing.assert_array_equal(enlarged[0, :, :, 0], [[0, 2, 8, 10], [4, 6, 12, 14]])


def test_a_variational_latent_is_drawn_while_training_and_the_mean_otherwise():
    network = Network(VAEConfig(**SMALL))
    weights = network.init(jax.random.key(0))
    inputs = normalize(np.repeat(IMAGES, 64, axis=0))
    _, first, _ = network.train(weights, inputs, jax.random.key(1))
    _, second, _ = network.train(weights, inputs, jax.random.key(2))
    noise = (first["latent"] - first["mean"]) / jnp.exp(first["log_variance"] / 2)
    assert abs(float(noise.mean())) < 0.1
    assert float(noise.std()) == pytest.approx(1, abs=0.1)
    assert not np.allclose(first["latent"], second["latent"])
    _, inferred = network(weights, inputs)
    np.testing.assert_array_equal(inferred["latent"], inferred["mean"])


def overfit(model: AutoencoderConfig | VAEConfig, steps: int = 300) -> tuple[Trainer, Any, Any]:
    """Train on eight images alone; return the trainer, its state and the metrics of each step."""
    config = Config(model=model, optimizer=Adam(lr=1e-2), schedule=Schedule(warmup=0.0))
    trainer = Trainer(config, steps, steps)
    indices, weights = np.tile(np.arange(8, dtype=np.int32), (steps, 1)), np.ones((steps, 8), np.float32)
    state, metrics = trainer.take_steps(
        trainer.initial_state(jax.random.key(0)),
        jax.random.key(1),
        jnp.asarray(IMAGES),
        jnp.zeros(8, jnp.int32),
        jnp.asarray(indices),
        jnp.asarray(weights),
        jnp.int32(0),
        jnp.int32(steps),
    )
    return trainer, state, metrics


@pytest.mark.slow
def test_an_autoencoder_learns_eight_pictures_by_heart():
    _, state, metrics = overfit(AutoencoderConfig(**SMALL))
    assert metrics["error"][0] > 0.1
    assert metrics["error"][-1] < 0.005
    autoencoder = Reconstructor(AutoencoderConfig(**SMALL), state.weights)
    decoded = autoencoder.decode(autoencoder.encode(IMAGES))
    errors = ((decoded / 255 - IMAGES / 255) ** 2).mean((1, 2))
    np.testing.assert_allclose(errors, autoencoder.measure(IMAGES)["error"], atol=1e-3)
    assert decoded.dtype == np.uint8
    nearest = ((decoded[:, None] / 255 - IMAGES[None] / 255) ** 2).mean((2, 3)).argmin(axis=1)
    np.testing.assert_array_equal(nearest, range(8))


@pytest.mark.slow
def test_a_higher_beta_brings_latents_nearer_to_the_standard_normal():
    found = []
    for beta in (0.01, 100.0):
        trainer, state, metrics = overfit(VAEConfig(**SMALL, beta=beta), steps=100)
        _, intermediates = trainer.network(state.weights, normalize(IMAGES))
        found.append(float(divergences(intermediates["mean"], intermediates["log_variance"]).mean()))
        assert np.isfinite(metrics["loss"]).all()
    assert found[1] < 0.1 * found[0]


@pytest.mark.parametrize("model", [AutoencoderConfig(**SMALL), VAEConfig(**SMALL)])
def test_measures_are_those_of_the_objective(model: AutoencoderConfig | VAEConfig):
    trainer = Trainer(Config(model=model), 1, 1)
    weights = trainer.network.init(jax.random.key(0))
    measures = Reconstructor(model, weights).measure(IMAGES)
    logits, intermediates = trainer.network(weights, normalize(IMAGES))
    targets = trainer.objective.targets(normalize(IMAGES), jnp.zeros(8, jnp.int32))
    loss = measures["loss"] + measures.get("divergence", 0)  # of a VAE, beta is 1
    np.testing.assert_allclose(loss, trainer.objective.losses(logits, intermediates, targets), rtol=1e-5)
    np.testing.assert_allclose(
        measures["error"], trainer.objective.metrics(logits, targets)["error"], rtol=1e-5
    )
    assert ("divergence" in measures) == isinstance(model, VAEConfig)


def test_a_classifier_is_not_loaded(tmp_path: Any):
    run: Run = create_run(Config(name="a", model=MLPConfig()), tmp_path)
    with pytest.raises(InputError, match="its mlp is not an autoencoder: name a run of one"):
        reconstructor.load(run)
