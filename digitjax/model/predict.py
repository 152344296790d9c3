"""Logits for any number of pictures."""

import jax
import numpy as np
from jaxtyping import Float, UInt8

from digitjax.data.pipeline import normalize
from digitjax.model.network import Network, Weights


class Predictor:
    """Applies a network to pictures in batches of a few sizes, each compiled once."""

    def __init__(self, network: Network, batch_size: int = 500):
        self._batch_size = batch_size
        self._logits = jax.jit(lambda weights, images: network(weights, normalize(images))[0])

    def __call__(
        self, weights: Weights, images: UInt8[np.ndarray, "n 28 28"]
    ) -> Float[np.ndarray, "n classes"]:
        """Return the logits, float32, of every picture."""
        size = self._batch_size
        starts = range(0, len(images), size) if len(images) else [0]
        parts = []
        for start in starts:
            batch = images[start : start + size]
            # Padded to a power of two, so that many small requests meet few compiled sizes.
            padded = min(size, 1 << max(0, len(batch) - 1).bit_length()) if len(images) < size else size
            filler = np.zeros((padded - len(batch), 28, 28), np.uint8)
            parts.append(self._logits(weights, np.concatenate([batch, filler]))[: len(batch)])
        return np.concatenate([np.asarray(part) for part in parts])
