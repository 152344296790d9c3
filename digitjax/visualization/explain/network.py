"""A trained classifier as a function of ink, whose gradient can be taken."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from digitjax.config import Model
from digitjax.data.pipeline import normalize_ink
from digitjax.errors import InputError
from digitjax.model.network import Network, Weights, load_weights
from digitjax.runs import Run

LogitsOfInk = Callable[[Float[Array, "n 28 28"]], Float[Array, "n classes"]]
"""What attribution and inputs ask: any function of ink that JAX can differentiate."""


@jax.tree_util.register_pytree_node_class
class InkClassifier:
    """A network with its weights, of pictures as ink: float32 (n, 28, 28), 0 for paper to 1 for a full stroke.

    It may be an argument of what `jax.jit` compiles: other weights of the same architecture compile nothing anew.
    """

    def __init__(self, options: Model, weights: Weights):
        self.options = options
        self.weights = weights

    def tree_flatten(self) -> tuple[tuple[Weights], Model]:
        """Take it apart for JAX."""
        return (self.weights,), self.options

    @classmethod
    def tree_unflatten(cls, options: Model, children: tuple[Weights]) -> "InkClassifier":
        """Put it together again."""
        return cls(options, *children)

    def __call__(self, ink: Float[Array, "n 28 28"]) -> Float[Array, "n classes"]:
        """Return logits."""
        logits, _ = _forward(self.options, self.weights, ink)
        return logits

    def intermediates(self, ink: Float[Array, "n 28 28"]) -> dict[str, Float[Array, "n ..."]]:
        """Return what each named layer makes of the pictures, from the first to the last."""
        _, layers = _forward(self.options, self.weights, ink)
        return layers


@functools.partial(jax.jit, static_argnums=0)
def _forward(
    options: Model, weights: Weights, ink: Float[Array, "n 28 28"]
) -> tuple[Float[Array, "n classes"], dict[str, Array]]:
    return Network(options)(weights, normalize_ink(ink))


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
    return InkClassifier(network.options, weights), used


def to_ink(images: UInt8[np.ndarray, "n 28 28"]) -> Float[Array, "n 28 28"]:
    """Return pictures as ink, 0 to 1."""
    return jnp.asarray(images, jnp.float32) / 255
