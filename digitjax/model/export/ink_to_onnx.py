"""The network that finds strokes, from its weights to the ONNX that `digitjax.model.ink_model` runs."""

from pathlib import Path

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from digitjax.imaging.local_contrast import CHANNELS, VOTE_UNIT
from digitjax.model import array_file
from digitjax.model.architectures.ink_net import STRIDE, InkNet, InkNetConfig
from digitjax.model.export.to_onnx import translate
from digitjax.model.network import Weights
from digitjax.runs.files import read_json, write_bytes


def write(weights: Path) -> Path:
    """Export the network beside its weights.

    Args:
        weights: NPZ file that `digitjax.model.training.train_ink` wrote; `.json` in its place describes them.

    Returns:
        Path of the ONNX file.

    Raises:
        InputError: there are no such weights, or they are damaged.
    """
    config = InkNetConfig(channels=tuple(read_json(weights.with_suffix(".json"))["model"]["channels"]))
    module = nnx.eval_shape(lambda: InkNet(config, nnx.Rngs(0)))
    module.eval()
    arrays = array_file.load(weights, Weights(*nnx.state(module, nnx.Param, ...)))
    network = nnx.merge(nnx.graphdef(module), *arrays)

    def run(contrast: Float[Array, "1 h w 5"]) -> tuple[Float[Array, "1 h w"], Float[Array, "1 h2 w2 3"]]:
        output = network(contrast)
        return jax.nn.sigmoid(output.logits), output.votes * VOTE_UNIT

    shape = jax.export.symbolic_shape(f"1, {STRIDE} * h, {STRIDE} * w, {CHANNELS}")
    inputs = {"contrast": jax.ShapeDtypeStruct(shape, jnp.float32)}
    path = weights.with_suffix(".onnx")
    write_bytes(path, translate(run, inputs, ["probability", "votes"]).SerializeToString())
    return path
