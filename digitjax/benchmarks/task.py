"""The network, the images and the timing of inference that all frameworks share.

The network has two 3x3 convolutions of 32 and 64 channels, each with bias, ReLU and 2x2 max-pooling, 256 hidden units
and 10 logits: 857,738 parameters in float32. It is trained by Adam at 1e-3 with batches of 128 uint8 images.
"""

import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, UInt8

from digitjax.config import Adam, CNNConfig, Data
from digitjax.data import pipeline
from digitjax.model.network import Network, Weights

MODEL = CNNConfig(channels=(32, 64), normalization="none", dense=(256,), dropout=0.0)
OPTIMIZER = Adam(lr=1e-3)
BATCH_SIZE = 128
BATCH_SIZES = (1, 8, 32, 128, 1024)
"""Batch sizes of the inference, in images."""

# Floating-point operations of one image in the forward pass, two for each multiply-add.
_CONV1, _CONV2 = 2 * 28 * 28 * 9 * 32, 2 * 14 * 14 * 9 * 32 * 64
_DENSE = 2 * (7 * 7 * 64 * 256 + 256 * 10)
STEP_FLOPS = BATCH_SIZE * (2 * _CONV1 + 3 * _CONV2 + 3 * _DENSE)
"""Floating-point operations of a training step with direct convolutions; images need no gradient."""


def load_examples(count: int = 10_240) -> pipeline.Split:
    """Return scikit-learn's digits, repeated: the time of a step does not depend on the images."""
    train = pipeline.load(Data(name="digits")).train
    index = np.arange(count) % len(train)
    return pipeline.Split(train.images[index], train.labels[index])


def network() -> tuple[Network, Weights]:
    """Return the network and the initial weights."""
    net = Network(MODEL)
    return net, net.init(jax.random.key(0))


def weight_arrays(weights: Weights) -> dict[str, Float[np.ndarray, "..."]]:
    """Return kernel and bias of each layer in the layout of Flax, named like `conv1.kernel` or `dense2.bias`."""
    params: Any = weights.params
    layers = {
        "conv1": params["blocks"][0]["conv"],
        "conv2": params["blocks"][1]["conv"],
        "dense1": params["hidden"][0],
        "dense2": params["head"],
    }
    return {
        f"{name}.{part}": np.asarray(layer[part][...])
        for name, layer in layers.items()
        for part in ("kernel", "bias")
    }


def measure_inference(predict: Callable[[UInt8[np.ndarray, "n 28 28"]], np.ndarray]) -> dict[str, float]:
    """Time a predictor, which returns logits (n, 10) of uint8 images (n, 28, 28), both NumPy arrays.

    Returns:
        Images per second at each batch size, and for single images the reciprocals of the median and the 99th
        percentile of the time, per second.
    """
    images = np.asarray(load_examples(max(BATCH_SIZES)).images)
    result = {}
    for size in BATCH_SIZES:
        batch = images[:size]
        predict(batch)
        repeats = max(3, 2048 // size) if size > 1 else 1000
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            predict(batch)
            times.append(time.perf_counter() - start)
        result[f"batch {size}"] = size * repeats / sum(times)
        if size == 1:
            # As rates, so that higher is better in every row: 1 / 0.25 ms is 4,000 per second.
            result["1 / p50"], result["1 / p99"] = (1 / float(np.percentile(times, p)) for p in (50, 99))
    return result
