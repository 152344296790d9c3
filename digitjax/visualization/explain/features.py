"""What a classifier computes: its first filters, each layer's answer to a picture, and which pictures are near."""

from functools import lru_cache
from typing import NamedTuple

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int, UInt8
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

from digitjax.config import Model
from digitjax.errors import InputError
from digitjax.model.network import Network, Weights
from digitjax.model.predict import Predictor
from digitjax.visualization.explain.network import InkClassifier, to_ink


def first_filters(classifier: InkClassifier) -> Float[np.ndarray, "filters h w"]:
    """Return the kernels of the first convolution, or what each hidden unit of a dense network weighs the pixels with.

    Raises:
        InputError: no layer of the network sees the pixels themselves.
    """
    for path, leaf in jax.tree_util.tree_leaves_with_path(nnx.to_pure_dict(classifier.weights.params)):
        if getattr(path[-1], "key", None) != "kernel":
            continue
        kernel = np.asarray(leaf)
        if kernel.ndim == 4 and kernel.shape[2] == 1:
            return kernel[:, :, 0].transpose(2, 0, 1)
        if kernel.ndim == 2 and kernel.shape[0] == 28 * 28:
            return kernel.T.reshape(-1, 28, 28)
    raise InputError("no layer of this network sees the pixels themselves: it has no filters to show")


def activations(
    classifier: InkClassifier, image: UInt8[np.ndarray, "28 28"]
) -> dict[str, Float[np.ndarray, "channels h w"]]:
    """Return what each layer makes of one picture, from the first to the last; a dense layer is a row of 1x1."""
    layers = {}
    for name, values in classifier.intermediates(to_ink(image[None])).items():
        one = np.asarray(values[0])
        layers[name] = one.transpose(2, 0, 1) if one.ndim == 3 else one.reshape(-1, 1, 1)
    return layers


class _Features(Network):
    """The network with what its last layer before the logits sees in the place of its logits."""

    def __call__(
        self, weights: Weights, images: Float[Array, "batch 28 28 1"]
    ) -> tuple[Float[Array, "batch features"], dict[str, Array]]:
        _, layers = super().__call__(weights, images)
        last = list(layers.values())[-1]
        return last.mean((1, 2)) if last.ndim == 4 else last, layers


def embed(classifier: InkClassifier, images: UInt8[np.ndarray, "n 28 28"]) -> Float[np.ndarray, "n features"]:
    """Return what the last layer before the logits makes of each picture; maps are averaged over their places."""
    return _embedder(classifier.options)(classifier.weights, images)


@lru_cache(maxsize=4)
def _embedder(options: Model) -> Predictor:
    """Return what embeds with any weights of an architecture, so that it is compiled once."""
    return Predictor(_Features(options))


class EmbeddingMap(NamedTuple):
    """Features drawn on a plane."""

    points: Float[np.ndarray, "n 2"]
    explained: float
    """Share of the variance that the plane shows."""


def project(features: Float[np.ndarray, "n features"]) -> EmbeddingMap:
    """Return the two principal components of features (Pearson 1901); of a single feature, and 0."""
    if features.shape[1] < 2:
        features = np.pad(features, ((0, 0), (0, 1)))
    pca = PCA(2, svd_solver="full")
    points = pca.fit_transform(features)
    explained = pca.explained_variance_ratio_
    return EmbeddingMap(points.astype(np.float32), float(np.nansum(explained)))


def spread_out(features: Float[np.ndarray, "n features"], seed: int = 0) -> Float[np.ndarray, "n 2"]:
    """Return points on a plane that keep near what is near, by t-SNE (van der Maaten and Hinton 2008).

    Unlike `project` it shows groups apart; how far they are from each other, and how wide, means nothing.

    Args:
        features: of at least four pictures.
        seed: of its search.
    """
    perplexity = min(30.0, (len(features) - 1) / 3)
    return TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(features)


def nearest(
    features: Float[np.ndarray, "n features"], queries: Float[np.ndarray, "m features"], count: int
) -> Int[np.ndarray, "m count"]:
    """Return which rows of `features` are nearest to each query, the nearest first."""
    found = NearestNeighbors(n_neighbors=min(count, len(features))).fit(features)
    return found.kneighbors(queries, return_distance=False)
