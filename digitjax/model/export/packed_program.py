"""The program of a packed run, from images to logits, that `digitjax.model.onnx_model` runs without JAX."""

import numpy as np

from digitjax.data.normalize import normalize
from digitjax.errors import InputError
from digitjax.model import onnx_model
from digitjax.model.calibration import softmax
from digitjax.model.export import program
from digitjax.model.export.to_onnx import translate
from digitjax.model.network import Network, Weights
from digitjax.model.predictor import Predictor
from digitjax.runs import Run, integrity, write_bytes

MAX_DIFFERENCE = 1e-4
"""Largest difference of a probability from JAX's."""
_CHECKED = 256
"""Images that are compared: blots of random size, which look somewhat like strokes."""


def write(run: Run, network: Network, weights: Weights, step: int) -> None:
    """Write the program of a classifier into the folder of a run, and how to tell whether it was changed.

    Args:
        run: whose folder it is.
        network: of a classifier.
        weights: of the network.
        step: of the weights.

    Raises:
        InputError: its probabilities are not those of JAX.
    """
    write_bytes(run.path / onnx_model.FILE, build(network, weights))
    difference = _compare(run, network, weights)
    if not difference <= MAX_DIFFERENCE:
        raise InputError(
            f"{run.path}: ONNX Runtime's probabilities differ from JAX's by up to {difference:.2g}"
        )
    content = {"step": step, "max_difference": difference}
    integrity.write_own(run, run.path / onnx_model.RECORD, content, beside=[onnx_model.FILE])


def build(network: Network, weights: Weights) -> bytes:
    """Return the program as ONNX, from `images`, uint8 (n, 28, 28), to `logits`, float32 (n, classes).

    Args:
        network: of a classifier.
        weights: of the network.
    """
    inputs = {"images": program.abstract_images()}
    model = translate(lambda images: network(weights, normalize(images))[0], inputs, ["logits"])
    return model.SerializeToString()


def _compare(run: Run, network: Network, weights: Weights) -> float:
    """Return the largest difference of a probability."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (_CHECKED, 7, 7)) * (
        rng.random((_CHECKED, 7, 7)) < rng.random((_CHECKED, 1, 1))
    )
    images = coarse.repeat(4, axis=1).repeat(4, axis=2).astype(np.uint8)
    [logits] = onnx_model.OnnxModel(run.path / onnx_model.FILE)(images)
    both = softmax(logits), softmax(Predictor(network)(weights, images))
    return float(np.abs(both[0] - both[1]).max())
