"""Adversarial attacks: pictures changed a little, in the way that misleads a model most.

No pixel changes by more than epsilon, where full ink is 1, and ink stays between 0 and 1.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt8

from digitjax.data.pipeline import normalize_ink
from digitjax.model.network import Network, Weights

EPSILONS = (0.05, 0.1, 0.2, 0.3)
PICTURES = 1000
"""How many are attacked: about 30 s for the baseline CNN on two cores."""
_STEPS = 20
_CHUNK = 250

Ink = Float[Array, "n 28 28"]
Labels = Int[Array, " n"]
Gradient = Callable[[Ink, Labels], Ink]
"""How the loss of each picture changes with its ink."""
Attack = Callable[[Gradient, Ink, Labels, float], Ink]


@dataclass(frozen=True, kw_only=True)
class AttackScore:
    """What is left of the accuracy under one attack."""

    attack: str
    epsilon: float
    accuracy: float


def fgsm(gradient: Gradient, ink: Ink, labels: Labels, epsilon: float) -> Ink:
    """Take one step along the signs of the gradient (Goodfellow et al. 2015, arXiv 1412.6572)."""
    return jnp.clip(ink + epsilon * jnp.sign(gradient(ink, labels)), 0, 1)


def pgd(gradient: Gradient, ink: Ink, labels: Labels, epsilon: float) -> Ink:
    """Take many such steps from a random start, each brought back to within epsilon (Madry et al. 2018).

    arXiv 1706.06083; 20 steps of an eighth of epsilon.
    """
    low, high = jnp.maximum(ink - epsilon, 0), jnp.minimum(ink + epsilon, 1)
    attacked = low + (high - low) * jax.random.uniform(jax.random.key(0), ink.shape)
    for _ in range(_STEPS):
        step = epsilon / 8 * jnp.sign(gradient(attacked, labels))
        attacked = jnp.clip(attacked + step, low, high)
    return attacked


ATTACKS: Mapping[str, Attack] = {"fgsm": fgsm, "pgd": pgd}


def attack(
    members: Sequence[tuple[Network, Weights]],
    images: UInt8[np.ndarray, "n 28 28"],
    labels: Int[np.ndarray, " n"],
) -> tuple[AttackScore, ...]:
    """Attack the first pictures in every way, and return the accuracy of the networks' mean probabilities."""
    images, labels = images[:PICTURES], labels[:PICTURES]

    def log_probabilities(ink: Ink) -> Float[Array, "n classes"]:
        logits = [network(weights, normalize_ink(ink))[0] for network, weights in members]
        logs = jax.nn.log_softmax(jnp.stack(logits))
        return jax.nn.logsumexp(logs, axis=0) - math.log(len(logits))

    def loss(ink: Ink, labels: Labels) -> Float[Array, ""]:
        return -jnp.take_along_axis(log_probabilities(ink), labels[:, None], axis=1).sum()

    predict, gradient = jax.jit(log_probabilities), jax.jit(jax.grad(loss))
    scores = []
    for name, change in ATTACKS.items():
        for epsilon in EPSILONS:
            correct = 0
            for start in range(0, len(images), _CHUNK):
                ink = jnp.asarray(images[start : start + _CHUNK]) / 255
                truth = jnp.asarray(labels[start : start + _CHUNK])
                attacked = change(gradient, ink, truth, epsilon)
                correct += int((predict(attacked).argmax(axis=1) == truth).sum())
            scores.append(AttackScore(attack=name, epsilon=epsilon, accuracy=correct / len(images)))
    return tuple(scores)
