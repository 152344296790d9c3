"""Layers by their names in the config: activations, normalizations, pooling."""

from collections.abc import Callable

import jax
from flax import nnx
from jaxtyping import Array, Float

from digitjax.config.models import Activation, Normalization, Pooling
from digitjax.model.layers.conv_pool import avg_pool, max_pool


def activation(name: Activation) -> Callable[[Array], Array]:
    """Return the elementwise function of that name in `jax.nn`."""
    return getattr(jax.nn, name)


def normalization(
    name: Normalization, channels: int, groups: int, rngs: nnx.Rngs
) -> Callable[[Array], Array]:
    """Build a layer that normalizes features (batch, h, w, channels).

    Batch normalization: Ioffe and Szegedy 2015, arXiv 1502.03167. Layer normalization, here over the channels of
    each pixel: Ba, Kiros and Hinton 2016, arXiv 1607.06450. Group normalization: Wu and He 2018, arXiv 1803.08494.

    Args:
        name: kind of normalization; `none` gives the identity.
        channels: number of channels.
        groups: number of groups of channels, for group normalization alone.
        rngs: random streams of the module.

    Returns:
        The layer.
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
    """Pool 2x2 pixels; odd sides round down.

    Args:
        name: kind of pooling; `stride` does nothing, since the strides of a convolution have halved the side already.
        features: features (batch, h, w, channels).

    Returns:
        Features (batch, h // 2, w // 2, channels).
    """
    match name:
        case "max":
            return max_pool(features, window_shape=(2, 2), strides=(2, 2))
        case "average":
            return avg_pool(features, window_shape=(2, 2), strides=(2, 2))
        case "stride":
            return features
