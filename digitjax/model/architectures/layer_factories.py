"""What the names in the options stand for: activations, normalisations, ways to halve the side."""

from collections.abc import Callable

import jax
from flax import nnx
from jaxtyping import Array, Float

from digitjax.config.models import Activation, Normalization, Pooling
from digitjax.model.layers.conv_pool import avg_pool, max_pool


def activation(name: Activation) -> Callable[[Array], Array]:
    """Return the elementwise function; the names are those of `jax.nn`."""
    return getattr(jax.nn, name)


def normalization(
    name: Normalization, channels: int, groups: int, rngs: nnx.Rngs
) -> Callable[[Array], Array]:
    """Return a layer that normalises features (batch, h, w, channels), or leaves them as they are.

    Batch normalisation: Ioffe and Szegedy 2015, arXiv 1502.03167. Layer normalisation, here over the channels of
    each pixel: Ba, Kiros and Hinton 2016, arXiv 1607.06450. Group normalisation: Wu and He 2018, arXiv 1803.08494.
    """
    match name:
        case "batch":
            return nnx.BatchNorm(channels, momentum=0.9, rngs=rngs)
        case "layer":
            return nnx.LayerNorm(channels, rngs=rngs)
        case "group":
            return nnx.GroupNorm(channels, num_groups=groups, rngs=rngs)
        case "none":
            return nnx.identity


def pool(name: Pooling, features: Float[Array, "batch h w c"]) -> Float[Array, "batch h2 w2 c"]:
    """Halve the side by pooling 2x2 pixels; odd sides round down. A stride has halved it already."""
    match name:
        case "max":
            return max_pool(features, window_shape=(2, 2), strides=(2, 2))
        case "average":
            return avg_pool(features, window_shape=(2, 2), strides=(2, 2))
        case "stride":
            return features
