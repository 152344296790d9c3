"""A network taken apart into what `jax.jit` wants: static structure on one side, arrays on the other."""

from typing import Any, NamedTuple

import jax
from flax import nnx
from jaxtyping import Array, Float

from digitjax.config import Model
from digitjax.model import checkpoint
from digitjax.model.architectures import build
from digitjax.runs import Run


class Weights(NamedTuple):
    """All arrays of a network: what the optimizer changes, and what the layers track themselves."""

    params: nnx.State
    stats: nnx.State
    """Running statistics of the normalisation layers; empty where there are none."""


class Network:
    """The pure functions of an architecture.

    Plain `jax.jit` over split state takes 9 ms a step where `nnx.jit` over modules took 13, and lets the
    step donate its buffers.
    """

    def __init__(self, options: Model):
        self.options = options
        module = nnx.eval_shape(lambda: build(options, nnx.Rngs(0)))
        module.train()
        self._training = nnx.graphdef(module)
        module.eval()
        self._inference = nnx.graphdef(module)
        self._abstract = Weights(*nnx.state(module, nnx.Param, ...))

    def init(self, key: jax.Array) -> Weights:
        """Draw initial weights."""
        return Weights(*nnx.state(build(self.options, nnx.Rngs(key)), nnx.Param, ...))

    def abstract(self) -> Weights:
        """Return the shapes and dtypes of the weights."""
        return self._abstract

    def train(
        self, weights: Weights, images: Float[Array, "batch 28 28 1"], key: jax.Array
    ) -> tuple[Float[Array, "batch outputs"], dict[str, Array], nnx.State]:
        """Return outputs with dropout drawn from `key`, intermediates, and the running statistics after this batch."""
        # BatchNorm writes its statistics into the merged module: copied, or they would leak out of the trace.
        module = nnx.merge(self._training, *weights, copy=True)
        outputs, intermediates = module(images, rngs=nnx.Rngs(key))
        _, stats = nnx.state(module, nnx.Param, ...)
        return outputs, intermediates, stats

    def __call__(
        self, weights: Weights, images: Float[Array, "batch 28 28 1"]
    ) -> tuple[Float[Array, "batch outputs"], dict[str, Array]]:
        """Return outputs and named intermediates, without dropout and with the running statistics."""
        return self.module(weights)(images)

    def module(self, weights: Weights) -> Any:
        """Return the module itself with these weights, for those who call a part of it; as `__call__`."""
        return nnx.merge(self._inference, *weights)


def load_weights(run: Run, network: Network, step: int | str = "best") -> tuple[int, Weights]:
    """Load the weights of a run.

    Args:
        run: a trained run.
        network: what they are of.
        step: one of `weights_steps`, `latest`, or `best` on the validation split.

    Returns:
        The step that they are of, and the weights.

    Raises:
        InputError: none of its checkpoints can be used, or they are of another network.
    """
    full = {one.step for one in checkpoint.list_checkpoints(run.checkpoints)}
    folder = run.weights if step in set(weights_steps(run)) - full else run.checkpoints
    used, parts = checkpoint.load(folder, {"weights": network.abstract()}, step)
    return used, parts["weights"]


def weights_steps(run: Run) -> list[int]:
    """Return the steps that a run has weights of: of full checkpoints, and of weights that were kept alone."""
    found = [*checkpoint.list_checkpoints(run.checkpoints), *checkpoint.list_checkpoints(run.weights)]
    return sorted({one.step for one in found})
