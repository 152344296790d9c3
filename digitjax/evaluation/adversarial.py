"""Adversarial attacks: small changes of images that raise the loss of a model most.

No pixel changes by more than epsilon, on a scale where intensities are from 0 to 1, and none leaves that range.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt8

from digitjax.data.normalize import normalize_intensities
from digitjax.model.network import Network, Weights

EPSILONS = (0.05, 0.1, 0.2, 0.3)
"""Largest changes of a pixel, intensities from 0 to 1; 0.3 is usual for MNIST (Madry et al. 2018)."""
MAX_EXAMPLES = 1000
"""Maximum images that are attacked, which takes about 30 s for the baseline CNN on two cores."""
_PGD_STEPS = 20
_BATCH_SIZE = 250

Images = Float[Array, "n 28 28"]
"""Intensities, 0 to 1."""
Labels = Int[Array, " n"]
Gradient = Callable[[Images, Labels], Images]
"""Gradient of the loss of each image with respect to its intensities."""
Attack = Callable[[Gradient, Images, Labels, float], Images]


@dataclass(frozen=True, kw_only=True)
class AttackScore:
    """Accuracy under one attack."""

    attack: str
    epsilon: float
    accuracy: float


def fgsm(gradient: Gradient, images: Images, labels: Labels, epsilon: float) -> Images:
    """Attack by the fast gradient sign method: one step (Goodfellow et al. 2015, arXiv 1412.6572).

    Args:
        gradient: gradient of the loss.
        images: intensities, float (n, 28, 28).
        labels: the true classes, int (n,).
        epsilon: largest change of a pixel.

    Returns:
        The attacked images, float (n, 28, 28).
    """
    return jnp.clip(images + epsilon * jnp.sign(gradient(images, labels)), 0, 1)


def pgd(gradient: Gradient, images: Images, labels: Labels, epsilon: float) -> Images:
    """Attack by projected gradient descent: 20 sign steps of epsilon / 8 from a random start (Madry et al. 2018).

    See arXiv 1706.06083.

    Args:
        gradient: gradient of the loss.
        images: intensities, float (n, 28, 28).
        labels: the true classes, int (n,).
        epsilon: largest change of a pixel.

    Returns:
        The attacked images, float (n, 28, 28).
    """
    low, high = jnp.maximum(images - epsilon, 0), jnp.minimum(images + epsilon, 1)
    attacked = low + (high - low) * jax.random.uniform(jax.random.key(0), images.shape)
    for _ in range(_PGD_STEPS):
        step = epsilon / 8 * jnp.sign(gradient(attacked, labels))
        attacked = jnp.clip(attacked + step, low, high)
    return attacked


ATTACKS: Mapping[str, Attack] = {"fgsm": fgsm, "pgd": pgd}


def evaluate_attacks(
    members: Sequence[tuple[Network, Weights]],
    images: UInt8[np.ndarray, "n 28 28"],
    labels: Int[np.ndarray, " n"],
) -> tuple[AttackScore, ...]:
    """Run every attack with every epsilon on the first `MAX_EXAMPLES` images.

    Args:
        members: networks with their weights; their probabilities are averaged.
        images: uint8 (n, 28, 28).
        labels: the true classes, int (n,).

    Returns:
        The accuracy under each attack.
    """
    images, labels = images[:MAX_EXAMPLES], labels[:MAX_EXAMPLES]

    def log_probabilities(images: Images) -> Float[Array, "n classes"]:
        logits = [network(weights, normalize_intensities(images))[0] for network, weights in members]
        logs = jax.nn.log_softmax(jnp.stack(logits))
        return jax.nn.logsumexp(logs, axis=0) - math.log(len(logits))

    def loss(images: Images, labels: Labels) -> Float[Array, ""]:
        return -jnp.take_along_axis(log_probabilities(images), labels[:, None], axis=1).sum()

    predict, gradient = jax.jit(log_probabilities), jax.jit(jax.grad(loss))
    scores = []
    for name, attack in ATTACKS.items():
        for epsilon in EPSILONS:
            correct = 0
            for start in range(0, len(images), _BATCH_SIZE):
                batch = jnp.asarray(images[start : start + _BATCH_SIZE]) / 255
                batch_labels = jnp.asarray(labels[start : start + _BATCH_SIZE])
                attacked = attack(gradient, batch, batch_labels, epsilon)
                correct += int((predict(attacked).argmax(axis=1) == batch_labels).sum())
            scores.append(AttackScore(attack=name, epsilon=epsilon, accuracy=correct / len(images)))
    return tuple(scores)
