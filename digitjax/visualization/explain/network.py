"""A trained classifier as a differentiable function of pixel intensities."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from digitjax.config import Model
from digitjax.data.normalize import normalize_intensities
from digitjax.errors import InputError
from digitjax.model.network import Network, Weights, load_weights
from digitjax.runs import Run

LogitsFunction = Callable[[Float[Array, "n 28 28"]], Float[Array, "n classes"]]
"""Any differentiable function from pixel intensities, 0 to 1, to logits."""


@jax.tree_util.register_pytree_node_class
class DifferentiableClassifier:
    """A network with its weights, as a function of pixel intensities: float32 (n, 28, 28), 0 (ground) to 1 (stroke).

    It is a pytree and may be an argument of a jitted function: other weights of the same architecture do not
    recompile it.
    """

    def __init__(self, options: Model, weights: Weights):
        """Keep the architecture and its weights.

        Args:
            options: the architecture.
            weights: parameters and batch statistics.
        """
        self.options = options
        self.weights = weights

    def tree_flatten(self) -> tuple[tuple[Weights], Model]:
        """Return the children and the static data, as JAX asks."""
        return (self.weights,), self.options

    @classmethod
    def tree_unflatten(cls, options: Model, children: tuple[Weights]) -> "DifferentiableClassifier":
        """Return the classifier of static data and children.

        Args:
            options: the architecture.
            children: the weights.
        """
        return cls(options, *children)

    def __call__(self, images: Float[Array, "n 28 28"]) -> Float[Array, "n classes"]:
        """Return logits."""
        logits, _ = _forward(self.options, self.weights, images)
        return logits

    def intermediates(self, images: Float[Array, "n 28 28"]) -> dict[str, Float[Array, "n ..."]]:
        """Return the output of each named layer, from the first to the last."""
        _, layers = _forward(self.options, self.weights, images)
        return layers


@functools.partial(jax.jit, static_argnums=0)
def _forward(
    options: Model, weights: Weights, images: Float[Array, "n 28 28"]
) -> tuple[Float[Array, "n classes"], dict[str, Array]]:
    return Network(options)(weights, normalize_intensities(images))


def load(run: Run, step: int | str = "best") -> tuple[DifferentiableClassifier, int]:
    """Load the classifier of a run.

    Args:
        run: a trained run.
        step: of the weights, or `best` or `latest`.

    Returns:
        The classifier and the step of its weights.

    Raises:
        InputError: the run is an autoencoder, or no checkpoint can be used.
    """
    if run.config.task != "classification":
        raise InputError(
            f"{run.path}: {run.config.model.kind} is not a classifier: use `digitjax reconstruct`"
        )
    network = Network(run.config.model)
    used, weights = load_weights(run, network, step)
    return DifferentiableClassifier(network.config, weights), used


def to_intensity(images: UInt8[np.ndarray, "n 28 28"]) -> Float[Array, "n 28 28"]:
    """Return images as pixel intensities, 0 to 1."""
    return jnp.asarray(images, jnp.float32) / 255
