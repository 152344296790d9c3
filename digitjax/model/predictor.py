"""Logits of any number of images, in batches of a few sizes."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, UInt8

from digitjax.config import Model
from digitjax.data.normalize import normalize
from digitjax.model.network import Network, Weights
from digitjax.model.tta import TRANSFORMS, Transform

_CHUNK = 32
"""Images at once on a CPU, whose features then stay in its cache: 1,024 at once take three times as long."""


class Predictor:
    """Applies a network to images in batches of a few sizes, each of which is compiled once."""

    def __init__(
        self, network: Network, batch_size: int = 512, tta: Sequence[Transform] = TRANSFORMS["none"]
    ):
        """Prepare a network.

        Args:
            network: a network.
            batch_size: maximum number of images per batch, a power of two.
            tta: transforms of the images over which probabilities are averaged.
        """
        self._batch_size = batch_size

        def predict_chunk(weights: Weights, images: UInt8[Array, "n 28 28"]) -> Float[Array, "n classes"]:
            logits = [network(weights, normalize(transform(images)))[0] for transform in tta]
            if len(logits) == 1:
                return logits[0]
            logs = jnp.stack([jax.nn.log_softmax(x) for x in logits])
            return jax.nn.logsumexp(logs, axis=0, b=1 / len(tta))

        def logits(weights: Weights, images: UInt8[Array, "n 28 28"]) -> Float[Array, "n classes"]:
            size = _CHUNK if jax.default_backend() == "cpu" else len(images)
            if len(images) <= size:
                return predict_chunk(weights, images)
            chunks = images.reshape(-1, size, 28, 28)
            return lax.map(lambda chunk: predict_chunk(weights, chunk), chunks).reshape(len(images), -1)

        self._logits = jax.jit(logits)

    def __call__(
        self, weights: Weights, images: UInt8[np.ndarray, "n 28 28"]
    ) -> Float[np.ndarray, "n classes"]:
        """Compute the outputs of the network for images.

        Args:
            weights: weights of the network.
            images: uint8 (n, 28, 28).

        Returns:
            Logits, float32 (n, classes).
        """
        starts = range(0, max(1, len(images)), self._batch_size)
        batches = [_padded(images[start : start + self._batch_size]) for start in starts]
        if len(batches) == 1:
            return np.asarray(self._logits(weights, batches[0]))[: len(images)]
        # Two calls in parallel: a single one leaves threads idle between its matrix products.
        with ThreadPoolExecutor(2) as executor:
            parts = list(executor.map(lambda batch: np.asarray(self._logits(weights, batch)), batches))
        return np.concatenate(parts)[: len(images)]


def bind(
    networks: Sequence[tuple[Network, Weights]], tta: Sequence[Transform] = TRANSFORMS["none"]
) -> list[Callable[[np.ndarray], np.ndarray]]:
    """Return each network with its weights as a function of images.

    Those of the same architecture share their compiled functions.

    Args:
        networks: networks with their weights.
        tta: transforms of the images over which probabilities are averaged.

    Returns:
        Functions of images, uint8 (n, 28, 28), that return logits, float32 (n, classes).
    """
    predictors: dict[Model, Predictor] = {}
    for network, _ in networks:
        if network.config not in predictors:
            predictors[network.config] = Predictor(network, tta=tta)
    return [partial(predictors[network.config], weights) for network, weights in networks]


def _padded(batch: UInt8[np.ndarray, "n 28 28"]) -> UInt8[np.ndarray, "n2 28 28"]:
    """Pad a batch to a power of two, so that few sizes are compiled."""
    missing = (1 << max(0, len(batch) - 1).bit_length()) - len(batch)
    return np.concatenate([batch, np.zeros((missing, 28, 28), np.uint8)]) if missing else batch
