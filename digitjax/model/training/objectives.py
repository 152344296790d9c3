"""Objectives: the loss and the metrics of each task."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int32

from digitjax.config import Config, Training, VAEConfig
from digitjax.data.normalize import denormalize
from digitjax.data.pipeline import Split
from digitjax.model.architectures import CLASSES


class Objective(NamedTuple):
    """Losses and metrics of one task, as functions of batches."""

    targets: Callable[[Any, Any], Any]
    """Takes normalized inputs (batch, 28, 28, 1) and labels (batch,); returns the targets of the outputs."""
    losses: Callable[[Any, Any, Any], Any]
    """Takes outputs, intermediates and targets; returns the loss of each example."""
    metrics: Callable[[Any, Any], dict[str, Any]]
    """Takes outputs and targets; returns further metrics of each example, by name."""
    validate: Callable[[np.ndarray, Split], dict[str, float]]
    """Takes the outputs for a split and the split; returns its mean loss and metrics."""


def make_objective(config: Config) -> Objective:
    """Return the objective of the task of a config."""
    if config.task == "reconstruction":
        return reconstruction(config.model.beta if isinstance(config.model, VAEConfig) else 0.0)
    return classification(config.training)


def classification(options: Training) -> Objective:
    """Return the cross-entropy with label smoothing (Szegedy et al. 2016, arXiv 1512.00567), and the accuracy.

    The target of an outlier, with the label -1, is the uniform distribution (Hendrycks et al. 2019, arXiv 1812.04606);
    its prediction is correct if no class has a probability of 0.5 or more.
    """

    def targets(
        inputs: Float[Array, "batch 28 28 1"], labels: Int32[Array, " batch"]
    ) -> Float[Array, "batch classes"]:
        one_hot = jax.nn.one_hot(labels, CLASSES)
        uniform = (1 - one_hot.sum(axis=1, keepdims=True)) / CLASSES
        return optax.smooth_labels(one_hot + uniform, options.label_smoothing)

    def losses(logits: Array, intermediates: Any, targets: Array) -> Float[Array, " batch"]:
        return optax.softmax_cross_entropy(logits, targets)

    def metrics(logits: Array, targets: Array) -> dict[str, Float[Array, " batch"]]:
        is_outlier = jnp.isclose(targets.max(-1), 1 / CLASSES)
        is_uncertain = jax.nn.softmax(logits).max(-1) < 0.5
        correct = jnp.where(is_outlier, is_uncertain, logits.argmax(-1) == targets.argmax(-1))
        return {"accuracy": correct.astype(jnp.float32)}

    def validate(logits: Float[np.ndarray, "n classes"], split: Split) -> dict[str, float]:
        losses = jax.jit(
            optax.softmax_cross_entropy_with_integer_labels
        )  # one program, not one for each operation
        return {
            "loss": float(losses(logits, split.labels).mean()),
            "accuracy": float((logits.argmax(-1) == split.labels).mean()),
        }

    return Objective(targets, losses, metrics, validate)


def reconstruction(beta: float) -> Objective:
    """Return the cross-entropy of the pixels plus `beta` times the divergence of the latent, and the squared error.

    The target of an image is the image itself, after augmentation. A `beta` other than 0 needs a variational
    autoencoder; at 1 the loss is the negative evidence lower bound (Kingma and Welling 2014, arXiv 1312.6114; other
    weights: Higgins et al. 2017). The validation loss is the cross-entropy alone, at the mean of the latent.
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

    def metrics(logits: Array, targets: Array) -> dict[str, Float[Array, " batch"]]:
        return {"error": squared_errors(logits, targets)}

    def validate(logits: Float[np.ndarray, "n pixels"], split: Split) -> dict[str, float]:
        targets = jnp.asarray(split.images.reshape(len(split), -1)) / 255
        losses, errors = jax.jit(cross_entropies)(logits, targets), jax.jit(squared_errors)(logits, targets)
        return {"loss": float(losses.mean()), "error": float(errors.mean())}

    return Objective(targets, losses, metrics, validate)


Logits = Float[Array | np.ndarray, "batch pixels"]
Intensities = Float[Array | np.ndarray, "batch pixels"]


def cross_entropies(logits: Logits, intensities: Intensities) -> Float[Array, " batch"]:
    """Return the binary cross-entropy of each image in nats, summed over its pixels.

    Args:
        logits: logit of each pixel.
        intensities: target of each pixel, 0 to 1.
    """
    return optax.sigmoid_binary_cross_entropy(logits, intensities).sum(axis=1)


def squared_errors(logits: Logits, intensities: Intensities) -> Float[Array, " batch"]:
    """Return the mean squared error of the pixels of each image.

    Args:
        logits: logit of each pixel.
        intensities: target of each pixel, 0 to 1.
    """
    return ((jax.nn.sigmoid(logits) - intensities) ** 2).mean(axis=1)


def divergences(
    mean: Float[Array, "batch latent"], log_variance: Float[Array, "batch latent"]
) -> Float[Array, " batch"]:
    """Return the Kullback-Leibler divergence of normal distributions from the standard normal one, in nats.

    Args:
        mean: mean of each distribution.
        log_variance: natural logarithm of its variances, those of independent dimensions.
    """
    return 0.5 * (mean**2 + jnp.exp(log_variance) - 1 - log_variance).sum(axis=1)
