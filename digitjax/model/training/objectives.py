"""What a network is trained for, and how well it does it on pictures that it was not trained on."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int32

from digitjax.config import Config, Training, VAEConfig
from digitjax.data.pipeline import Split, denormalize
from digitjax.model.architectures import CLASSES


class Objective(NamedTuple):
    """Losses and measures of one task."""

    targets: Callable[[Any, Any], Any]
    """Of pictures (batch, 28, 28, 1) as the network sees them and labels (batch,): what its outputs are to be."""
    losses: Callable[[Any, Any, Any], Any]
    """Of outputs, intermediates and targets: the loss of each picture."""
    measures: Callable[[Any, Any], dict[str, Any]]
    """Of outputs and targets: further measures of each picture, by name."""
    validate: Callable[[np.ndarray, Split], dict[str, float]]
    """Of outputs and a split: its mean loss and measures."""


def make_objective(config: Config) -> Objective:
    """Return what the config's model is trained for."""
    if config.task == "reconstruction":
        return reconstruction(config.model.beta if isinstance(config.model, VAEConfig) else 0.0)
    return classification(config.training)


def classification(options: Training) -> Objective:
    """Cross-entropy with smoothed labels (Szegedy et al. 2016, arXiv 1512.00567); measures accuracy.

    What is no digit, with a label of -1, is to be every digit alike (Hendrycks et al. 2019, arXiv 1812.04606): the
    answer to it is right where no digit has half of the probability.
    """

    def targets(
        inputs: Float[Array, "batch 28 28 1"], labels: Int32[Array, " batch"]
    ) -> Float[Array, "batch classes"]:
        digits = jax.nn.one_hot(labels, CLASSES)
        spread = (1 - digits.sum(axis=1, keepdims=True)) / CLASSES
        return optax.smooth_labels(digits + spread, options.label_smoothing)

    def losses(logits: Array, intermediates: Any, targets: Array) -> Float[Array, " batch"]:
        return optax.softmax_cross_entropy(logits, targets)

    def measures(logits: Array, targets: Array) -> dict[str, Float[Array, " batch"]]:
        no_digit = jnp.isclose(targets.max(-1), 1 / CLASSES)
        doubted = jax.nn.softmax(logits).max(-1) < 0.5
        correct = jnp.where(no_digit, doubted, logits.argmax(-1) == targets.argmax(-1))
        return {"accuracy": correct.astype(jnp.float32)}

    def validate(logits: Float[np.ndarray, "n classes"], split: Split) -> dict[str, float]:
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, split.labels)
        return {
            "loss": float(losses.mean()),
            "accuracy": float((logits.argmax(-1) == split.labels).mean()),
        }

    return Objective(targets, losses, measures, validate)


def reconstruction(beta: float) -> Objective:
    """Cross-entropy of the pixels, and `beta` times the divergence of the latent; measures the squared error.

    A picture is its own target, as it was augmented. A `beta` other than 0 needs a latent with a distribution; at 1
    the loss is the negative evidence lower bound (Kingma and Welling 2014, arXiv 1312.6114; other weights: Higgins
    et al. 2017). The validation loss is the cross-entropy alone, at the mean of the latent.
    """

    def targets(
        inputs: Float[Array, "batch 28 28 1"], labels: Int32[Array, " batch"]
    ) -> Float[Array, "batch pixels"]:
        return denormalize(inputs).reshape(len(inputs), -1)

    def losses(logits: Array, intermediates: Any, targets: Array) -> Float[Array, " batch"]:
        losses = cross_entropies(logits, targets)
        if beta:
            losses += beta * divergences(intermediates["mean"], intermediates["log_variance"])
        return losses

    def measures(logits: Array, targets: Array) -> dict[str, Float[Array, " batch"]]:
        return {"error": squared_errors(logits, targets)}

    def validate(logits: Float[np.ndarray, "n pixels"], split: Split) -> dict[str, float]:
        targets = jnp.asarray(split.images.reshape(len(split), -1)) / 255
        losses, errors = cross_entropies(logits, targets), squared_errors(logits, targets)
        return {"loss": float(losses.mean()), "error": float(errors.mean())}

    return Objective(targets, losses, measures, validate)


Logits = Float[Array | np.ndarray, "batch pixels"]
Ink = Float[Array | np.ndarray, "batch pixels"]


def cross_entropies(logits: Logits, ink: Ink) -> Float[Array, " batch"]:
    """Return the cross-entropy of each picture, in nats: each pixel a coin that shows ink with a share of 0 to 1."""
    return optax.sigmoid_binary_cross_entropy(logits, ink).sum(axis=1)


def squared_errors(logits: Logits, ink: Ink) -> Float[Array, " batch"]:
    """Return the mean over the pixels of each picture of the squared error of the ink, which is 0 to 1."""
    return ((jax.nn.sigmoid(logits) - ink) ** 2).mean(axis=1)


def divergences(
    mean: Float[Array, "batch latent"], log_variance: Float[Array, "batch latent"]
) -> Float[Array, " batch"]:
    """Return the Kullback-Leibler divergence of each normal distribution from the standard one, in nats."""
    return 0.5 * (mean**2 + jnp.exp(log_variance) - 1 - log_variance).sum(axis=1)
