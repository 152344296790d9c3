"""Adversarial attacks stay within epsilon and lower the accuracy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from digitjax.data.run_data import load_split
from digitjax.evaluation.adversarial import ATTACKS, EPSILONS, evaluate_attacks
from digitjax.model.network import Network, load_weights
from digitjax.runs import Run


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_attacked_pixels_stay_within_epsilon_and_in_range(name: str, epsilon: float):
    images = jax.random.uniform(jax.random.key(0), (5, 28, 28))
    slope = jax.random.normal(jax.random.key(1), images.shape)

    def gradient(images: Array, labels: Array) -> Array:
        return slope

    attacked = ATTACKS[name](gradient, images, jnp.zeros(5, int), epsilon)
    assert np.abs(attacked - images).max() == pytest.approx(epsilon, abs=1e-6)
    assert attacked.min() >= 0
    assert attacked.max() <= 1
    assert (slope * (attacked - images)).sum() > 0


def test_pgd_converges_to_the_worst_image_and_fgsm_overshoots():
    images = jnp.full((3, 28, 28), 0.5)
    worst = images + 0.05

    def gradient(images: Array, labels: Array) -> Array:
        return worst - images

    labels = jnp.zeros(3, int)
    assert np.abs(ATTACKS["pgd"](gradient, images, labels, 0.2) - worst).max() <= 0.2 / 8 + 1e-6
    assert np.abs(ATTACKS["fgsm"](gradient, images, labels, 0.2) - worst).min() == pytest.approx(0.15)


def test_accuracy_falls_with_epsilon(tiny_run: Run):
    network = Network(tiny_run.config.model)
    weights = load_weights(tiny_run, network)[1]
    data = load_split(tiny_run, "test")
    images, labels = data.images[:150], data.labels[:150]
    scores = evaluate_attacks([(network, weights)], images, labels)
    accuracy = {(score.attack, score.epsilon): score.accuracy for score in scores}
    assert list(accuracy) == [(name, epsilon) for name in ATTACKS for epsilon in EPSILONS]
    for name in ATTACKS:
        assert accuracy[name, 0.3] < accuracy[name, 0.05]
