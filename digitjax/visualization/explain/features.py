"""What a classifier computes: its filters, each layer's answer to a picture, and which pictures are near."""

import functools
from typing import NamedTuple

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int, UInt8
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

from digitjax.config import Model
from digitjax.errors import InputError
from digitjax.model.network import Network, Weights
from digitjax.model.predictor import Predictor
from digitjax.visualization.explain.network import InkClassifier, to_ink


def kernels(classifier: InkClassifier) -> dict[str, Float[np.ndarray, "h w inputs outputs"]]:
    """Return the kernel of each layer, from the first to the last.

    A dense layer is a convolution of 1x1, and one that sees the pixels themselves of 28x28.
    """
    found = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(nnx.to_pure_dict(classifier.weights.params)):
        *parents, last = (str(getattr(key, "key", key)) for key in path)
        if last == "kernel":
            kernel = np.asarray(leaf)
            sees_pixels = kernel.ndim == 2 and kernel.shape[0] == 28 * 28
            shape = (28, 28, 1, -1) if sees_pixels else (1, 1, *kernel.shape)
            found[" ".join(parents)] = kernel if kernel.ndim == 4 else kernel.reshape(shape)
    return found


def filters(
    kernel: Float[np.ndarray, "h w inputs outputs"], source: int | None = None
) -> Float[np.ndarray, "outputs h w"]:
    """Return what each output of a layer weighs one of its inputs with.

    Args:
        kernel: of the layer.
        source: which input; by default of each output the one that it heeds most.
    """
    by_output = kernel.transpose(3, 2, 0, 1)
    if source is not None:
        return by_output[:, source]
    strongest = np.linalg.norm(by_output, axis=(2, 3)).argmax(axis=1)
    return by_output[np.arange(len(by_output)), strongest]


def first_filters(classifier: InkClassifier) -> Float[np.ndarray, "filters h w"]:
    """Return the kernels of the first convolution, or what each hidden unit of a dense network weighs the pixels with.

    Raises:
        InputError: no layer of the network sees the pixels themselves.
    """
    for kernel in kernels(classifier).values():
        if kernel.shape[2] == 1 and kernel.size > kernel.shape[3]:
            return filters(kernel, 0)
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
    return _predictor(classifier.options)(classifier.weights, images)


@functools.lru_cache(maxsize=4)
def _predictor(options: Model) -> Predictor:
    """Keep what is compiled for an architecture: it is the same for all its weights."""
    return Predictor(_Features(options))


class EmbeddingMap(NamedTuple):
    """Features drawn on a plane."""

    points: Float[np.ndarray, "n 2"]
    explained: float
    """Share of the variance that the plane shows."""


def project(
    features: Float[np.ndarray, "n features"], like: Float[np.ndarray, "n 2"] | None = None
) -> EmbeddingMap:
    """Return the two principal components of features (Pearson 1901); of a single feature, and 0.

    Args:
        features: a row for each picture.
        like: points of the same pictures in another map, of other weights: the plane is turned and mirrored to be as
            near to them as it can be (Schoenemann 1966).
    """
    if features.shape[1] < 2:
        features = np.pad(features, ((0, 0), (0, 1)))
    pca = PCA(2, svd_solver="full")
    points = pca.fit_transform(features)
    if like is not None:
        points = points @ orthogonal_procrustes(points, like)[0]
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
