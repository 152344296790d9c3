"""The features of a classifier: what its last layer, a linear one, is applied to."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Array, Float, UInt8

from digitjax.errors import InputError
from digitjax.model.network import Network, Weights
from digitjax.model.predictor import Predictor

Extract = Callable[[UInt8[np.ndarray, "n 28 28"]], Float[np.ndarray, "n features"]]
"""A function from images, uint8 (n, 28, 28), to features, float64 (n, features)."""
_BATCH = 128
"""Images at once: the one size that is compiled."""


class FeatureNetwork(Network):
    """A network without its last layer."""

    def __call__(
        self, weights: Weights, images: Float[Array, "batch 28 28 1"]
    ) -> tuple[Float[Array, "batch features"], dict[str, Array]]:
        """Compute the features of images.

        Args:
            weights: weights of the whole network.
            images: normalized images (batch, 28, 28, 1).

        Returns:
            Features (batch, features), and the named intermediate features.
        """
        module = self.module(weights)
        module.head = _identity
        return module(images)


def extractor(config: Any, weights: Weights) -> Extract:
    """Return the function that computes features.

    Args:
        config: the model of a run, a classifier whose last layer is `head`.
        weights: its weights.

    Raises:
        InputError: the model has another last layer.
    """
    if config.kind in ("deep_cnn", "autoencoder", "vae"):
        raise InputError(f"model.kind {config.kind} does not end in a linear layer: choose another model")
    predict = Predictor(FeatureNetwork(config), _BATCH)

    def extract(images: UInt8[np.ndarray, "n 28 28"]) -> Float[np.ndarray, "n features"]:
        missing = -len(images) % _BATCH
        padded = np.concatenate([images, np.zeros((missing, 28, 28), np.uint8)])
        return predict(weights, padded)[: len(images)].astype(np.float64)

    return extract


def _identity(features: Array) -> Array:
    return features
