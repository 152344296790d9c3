"""Attacks stay within epsilon and mislead."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from digitjax.evaluation.adversarial import ATTACKS, EPSILONS, attack
from digitjax.evaluation.evaluate import load_images
from digitjax.model.network import Network, load_weights
from digitjax.runs import Run


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_no_pixel_changes_by_more_than_epsilon_nor_leaves_the_range(name: str, epsilon: float):
    ink = jax.random.uniform(jax.random.key(0), (5, 28, 28))
    slope = jax.random.normal(jax.random.key(1), ink.shape)

    def gradient(ink: Array, labels: Array) -> Array:
        return slope

    attacked = ATTACKS[name](gradient, ink, jnp.zeros(5, int), epsilon)
    assert np.abs(attacked - ink).max() == pytest.approx(epsilon, abs=1e-6)
    assert attacked.min() >= 0
    assert attacked.max() <= 1
    assert (slope * (attacked - ink)).sum() > 0


def test_many_steps_end_where_the_loss_is_highest_and_one_goes_past_it():
    ink = jnp.full((3, 28, 28), 0.5)
    worst = ink + 0.05

    def gradient(ink: Array, labels: Array) -> Array:
        return worst - ink

    labels = jnp.zeros(3, int)
    assert np.abs(ATTACKS["pgd"](gradient, ink, labels, 0.2) - worst).max() <= 0.2 / 8 + 1e-6
    assert np.abs(ATTACKS["fgsm"](gradient, ink, labels, 0.2) - worst).min() == pytest.approx(0.15)


def test_accuracy_falls_with_epsilon(tiny_run: Run):
    network = Network(tiny_run.config.model)
    weights = load_weights(tiny_run, network)[1]
    pictures = load_images(tiny_run, "test")
    images, labels = pictures.images[:150], pictures.labels[:150]
    scores = attack([(network, weights)], images, labels)
    accuracy = {(score.attack, score.epsilon): score.accuracy for score in scores}
    assert list(accuracy) == [(name, epsilon) for name in ATTACKS for epsilon in EPSILONS]
    for name in ATTACKS:
        assert accuracy[name, 0.3] < accuracy[name, 0.05]
