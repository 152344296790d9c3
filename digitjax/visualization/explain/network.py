"""A trained classifier as a function of ink, whose gradient can be taken."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from digitjax.data.pipeline import normalize_ink
from digitjax.errors import InputError
from digitjax.model.network import Network, Weights, load_weights
from digitjax.runs import Run

LogitsOfInk = Callable[[Float[Array, "n 28 28"]], Float[Array, "n classes"]]
"""What attribution and inputs ask: any function of ink that JAX can differentiate."""


class InkClassifier:
    """A network with its weights, of pictures as ink: float32 (n, 28, 28), 0 for paper to 1 for a full stroke."""

    def __init__(self, network: Network, weights: Weights):
        self.options = network.options
        self.weights = weights
        self._forward = jax.jit(lambda weights, ink: network(weights, normalize_ink(ink)))

    def __call__(self, ink: Float[Array, "n 28 28"]) -> Float[Array, "n classes"]:
        """Return logits."""
        logits, _ = self._forward(self.weights, ink)
        return logits

    def intermediates(self, ink: Float[Array, "n 28 28"]) -> dict[str, Float[Array, "n ..."]]:
        """Return what each named layer makes of the pictures, from the first to the last."""
        _, layers = self._forward(self.weights, ink)
        return layers


def load(run: Run, step: int | str = "best") -> tuple[InkClassifier, int]:
    """Load the network of a run, and return the step that its weights are of with it.

    Raises:
        InputError: it is of an autoencoder, or none of its checkpoints can be used.
    """
    if run.config.task != "classification":
        raise InputError(
            f"{run.path}: its {run.config.model.kind} tells no digits apart: see `digitjax reconstruct`"
        )
    network = Network(run.config.model)
    used, weights = load_weights(run, network, step)
    return InkClassifier(network, weights), used


def to_ink(images: UInt8[np.ndarray, "n 28 28"]) -> Float[Array, "n 28 28"]:
    """Return pictures as ink, 0 to 1."""
    return jnp.asarray(images, jnp.float32) / 255
