"""What a network is trained for, and how well it does it on pictures that it was not trained on."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int32

from digitjax.config import Config, Training
from digitjax.data.pipeline import Split
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
    return classification(config.training)


def classification(options: Training) -> Objective:
    """Cross-entropy with smoothed labels (Szegedy et al. 2016, arXiv 1512.00567); measures accuracy."""

    def targets(
        inputs: Float[Array, "batch 28 28 1"], labels: Int32[Array, " batch"]
    ) -> Float[Array, "batch classes"]:
        return optax.smooth_labels(jax.nn.one_hot(labels, CLASSES), options.label_smoothing)

    def losses(logits: Array, intermediates: Any, targets: Array) -> Float[Array, " batch"]:
        return optax.softmax_cross_entropy(logits, targets)

    def measures(logits: Array, targets: Array) -> dict[str, Float[Array, " batch"]]:
        return {"accuracy": (logits.argmax(-1) == targets.argmax(-1)).astype(jnp.float32)}

    def validate(logits: Float[np.ndarray, "n classes"], split: Split) -> dict[str, float]:
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, split.labels)
        return {
            "loss": float(losses.mean()),
            "accuracy": float((logits.argmax(-1) == split.labels).mean()),
        }

    return Objective(targets, losses, measures, validate)
