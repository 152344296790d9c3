"""A trained run as one function of images, which includes its weights and its temperature."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8

from digitjax.data.normalize import normalize
from digitjax.model import calibration
from digitjax.model.network import Network, load_weights
from digitjax.runs import Run


class Program(NamedTuple):
    """The function of a run, to be traced by JAX."""

    function: Callable[[Any], Any]
    """Takes images, uint8 (n, 28, 28)."""
    output: str
    """Name of its float32 result: calibrated `probabilities` (n, 10), or `reconstructions` (n, 28, 28) from 0 to 1."""
    step: int
    """Step of its weights."""


def load(run: Run, step: int | str = "best") -> Program:
    """Load the program of a run.

    Args:
        run: a trained run.
        step: a step, `latest`, or `best` on the validation split.

    Returns:
        The program.

    Raises:
        InputError: the run has no usable checkpoint.
    """
    network = Network(run.config.model)
    used_step, weights = load_weights(run, network, step)
    temperature = calibration.read(run, used_step).temperature

    def outputs(images: UInt8[Array, "n 28 28"]) -> Float[Array, "n outputs"]:
        return network(weights, normalize(images))[0]

    def probabilities(images: UInt8[Array, "n 28 28"]) -> Float[Array, "n classes"]:
        return jax.nn.softmax(outputs(images) / temperature)

    def reconstructions(images: UInt8[Array, "n 28 28"]) -> Float[Array, "n 28 28"]:
        return jax.nn.sigmoid(outputs(images)).reshape(images.shape)

    if run.config.task == "reconstruction":
        return Program(reconstructions, "reconstructions", used_step)
    return Program(probabilities, "probabilities", used_step)


def abstract_images() -> jax.ShapeDtypeStruct:
    """Return the abstract argument of a program, uint8 (n, 28, 28) with a symbolic n."""
    return jax.ShapeDtypeStruct(jax.export.symbolic_shape("n, 28, 28"), jnp.uint8)
