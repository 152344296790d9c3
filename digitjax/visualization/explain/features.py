"""Filters, activations and embeddings of a classifier, and projections of its embeddings to two dimensions."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, UInt8
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from digitjax.config import Model
from digitjax.errors import InputError
from digitjax.model.architectures import CLASSES
from digitjax.model.network import Network, Weights
from digitjax.model.predictor import Predictor
from digitjax.visualization.explain.network import DifferentiableClassifier, to_intensity


def kernels(classifier: DifferentiableClassifier) -> dict[str, Float[np.ndarray, "h w inputs outputs"]]:
    """Return the kernel of each layer, from the first to the last.

    A dense layer counts as a 1x1 convolution, or as a 28x28 convolution if its inputs are the pixels.
    """
    by_layer = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(nnx.to_pure_dict(classifier.weights.params)):
        *parents, last = (str(getattr(key, "key", key)) for key in path)
        if last == "kernel":
            kernel = np.asarray(leaf)
            sees_pixels = kernel.ndim == 2 and kernel.shape[0] == 28 * 28
            shape = (28, 28, 1, -1) if sees_pixels else (1, 1, *kernel.shape)
            by_layer[" ".join(parents)] = kernel if kernel.ndim == 4 else kernel.reshape(shape)
    return by_layer


def filters(
    kernel: Float[np.ndarray, "h w inputs outputs"], source: int | None = None
) -> Float[np.ndarray, "outputs h w"]:
    """Return the filter of each output channel of a layer for one of its input channels.

    Args:
        kernel: of the layer.
        source: the input channel; by default, for each output channel, the one with the largest weights (L2 norm).
    """
    by_output = kernel.transpose(3, 2, 0, 1)
    if source is not None:
        return by_output[:, source]
    strongest = np.linalg.norm(by_output, axis=(2, 3)).argmax(axis=1)
    return by_output[np.arange(len(by_output)), strongest]


def first_filters(classifier: DifferentiableClassifier) -> Float[np.ndarray, "filters h w"]:
    """Return the filters of the first convolution, or the pixel weights of each hidden unit of a dense network.

    Raises:
        InputError: no layer of the network takes the pixels as its input.
    """
    for kernel in kernels(classifier).values():
        if kernel.shape[2] == 1 and kernel.size > kernel.shape[3]:
            return filters(kernel, 0)
    raise InputError("this network has no filters to show: no layer takes the pixels as its input")


def activations(
    classifier: DifferentiableClassifier, image: UInt8[np.ndarray, "28 28"]
) -> dict[str, Float[np.ndarray, "channels h w"]]:
    """Return the activations of each layer for one image, from the first to the last.

    Args:
        classifier: the network.
        image: light digit on a dark ground.

    Returns:
        The channels by the name of the layer; those of a dense layer are 1x1.
    """
    layers = {}
    for name, batch in classifier.intermediates(to_intensity(image[None])).items():
        values = np.asarray(batch[0])
        layers[name] = values.transpose(2, 0, 1) if values.ndim == 3 else values.reshape(-1, 1, 1)
    return layers


class _EmbeddingNetwork(Network):
    """The network with the output of its last layer before the logits in front of the logits."""

    def __call__(
        self, weights: Weights, images: Float[Array, "batch 28 28 1"]
    ) -> tuple[Float[Array, "batch features"], dict[str, Array]]:
        logits, layers = super().__call__(weights, images)
        last = list(layers.values())[-1]
        return jnp.concatenate([last.mean((1, 2)) if last.ndim == 4 else last, logits], axis=1), layers


def embed(
    classifier: DifferentiableClassifier, images: UInt8[np.ndarray, "n 28 28"]
) -> Float[np.ndarray, "n features"]:
    """Return the output of the last layer before the logits; feature maps are averaged over their positions.

    Args:
        classifier: the network.
        images: light digits on a dark ground.
    """
    return embed_and_classify(classifier, images)[0]


def embed_and_classify(
    classifier: DifferentiableClassifier, images: UInt8[np.ndarray, "n 28 28"]
) -> tuple[Float[np.ndarray, "n features"], Float[np.ndarray, "n classes"]]:
    """Return the embeddings of `embed`, and the logits, with one compiled program for both.

    Args:
        classifier: the network.
        images: light digits on a dark ground.
    """
    outputs = _predictor(classifier.options)(classifier.weights, images)
    return outputs[:, :-CLASSES], outputs[:, -CLASSES:]


@functools.lru_cache(maxsize=4)
def _predictor(options: Model) -> Predictor:
    """Keep the compiled function of an architecture, which serves all its weights."""
    return Predictor(_EmbeddingNetwork(options))


class Projection(NamedTuple):
    """Embeddings projected to two dimensions by PCA."""

    points: Float[np.ndarray, "n 2"]
    explained_variance: float
    """Share of the variance that the two components explain, 0 to 1."""


def project_pca(
    embeddings: Float[np.ndarray, "n features"], align_to: Float[np.ndarray, "n 2"] | None = None
) -> Projection:
    """Return the first two principal components of embeddings; a single feature is padded with 0.

    Args:
        embeddings: a row for each image.
        align_to: a projection of the same images by other weights; the result is rotated and reflected to be as close
            to it as possible (orthogonal Procrustes, Schoenemann 1966).
    """
    if embeddings.shape[1] < 2:
        embeddings = np.pad(embeddings, ((0, 0), (0, 1)))
    pca = PCA(2, svd_solver="full")
    points = pca.fit_transform(embeddings)
    if align_to is not None:
        points = points @ orthogonal_procrustes(points, align_to)[0]
    explained = pca.explained_variance_ratio_
    return Projection(points.astype(np.float32), float(np.nansum(explained)))


def project_tsne(embeddings: Float[np.ndarray, "n features"], seed: int = 0) -> Float[np.ndarray, "n 2"]:
    """Return a t-SNE of embeddings (van der Maaten and Hinton 2008).

    It shows clusters, but their sizes and the distances between them mean nothing. One thread computes it: two that
    wait for each other take five times as long where other processes or threads need the processor, too.

    Args:
        embeddings: of at least four images.
        seed: of the optimization.
    """
    perplexity = min(30.0, (len(embeddings) - 1) / 3)
    with threadpool_limits(1, "openmp"):
        return TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(embeddings)
