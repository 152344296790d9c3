"""A trained run as one function of pictures, with its weights and its temperature inside."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8

from digitjax.data.pipeline import normalize
from digitjax.model import calibration
from digitjax.model.network import Network, load_weights
from digitjax.runs import Run


class Program(NamedTuple):
    """What a run computes, to be traced by JAX."""

    function: Callable[[Any], Any]
    """Of pictures, uint8 (n, 28, 28)."""
    output: str
    """What it returns, in float32: calibrated `probabilities` (n, 10), or reconstructed `ink` (n, 28, 28) of 0 to 1."""
    step: int
    """The step of its weights."""


def load(run: Run, step: int | str = "best") -> Program:
    """Load the program of a run.

    Raises:
        InputError: none of its checkpoints can be used.
    """
    network = Network(run.config.model)
    used, weights = load_weights(run, network, step)
    temperature = calibration.read(run, used).temperature

    def outputs(images: UInt8[Array, "n 28 28"]) -> Float[Array, "n outputs"]:
        return network(weights, normalize(images))[0]

    def probabilities(images: UInt8[Array, "n 28 28"]) -> Float[Array, "n classes"]:
        return jax.nn.softmax(outputs(images) / temperature)

    def ink(images: UInt8[Array, "n 28 28"]) -> Float[Array, "n 28 28"]:
        return jax.nn.sigmoid(outputs(images)).reshape(images.shape)

    if run.config.task == "reconstruction":
        return Program(ink, "ink", used)
    return Program(probabilities, "probabilities", used)


def pictures() -> jax.ShapeDtypeStruct:
    """Return what a program is traced with: any number of pictures."""
    return jax.ShapeDtypeStruct(jax.export.symbolic_shape("n, 28, 28"), jnp.uint8)
