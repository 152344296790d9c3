"""The baseline convolutional network."""

from itertools import pairwise

import jax
from flax import nnx
from jaxtyping import Array, Float

from digitjax.config import CNN as Options  # noqa: N811
from digitjax.model.layers import Conv, max_pool


class Block(nnx.Module):
    """Convolution, batch normalisation (Ioffe and Szegedy 2015, arXiv 1502.03167), ReLU, 2x2 max-pooling."""

    def __init__(self, channels: int, new_channels: int, kernel_size: int, batch_norm: bool, rngs: nnx.Rngs):
        self.conv = Conv(
            channels,
            new_channels,
            (kernel_size, kernel_size),
            use_bias=not batch_norm,  # the normalisation subtracts any bias and brings its own
            kernel_init=nnx.initializers.he_normal(),
            rngs=rngs,
        )
        self.norm = nnx.BatchNorm(new_channels, momentum=0.9, rngs=rngs) if batch_norm else None

    def __call__(self, features: Float[Array, "batch h w c"]) -> Float[Array, "batch h2 w2 c2"]:
        """Halve the side (odd sides round down) and change the channels."""
        features = self.conv(features)
        if self.norm is not None:
            features = self.norm(features)
        return max_pool(jax.nn.relu(features), window_shape=(2, 2), strides=(2, 2))


class CNN(nnx.Module):
    """Blocks of convolution and pooling, then dense layers with dropout before each (LeCun et al. 1998)."""

    def __init__(self, options: Options, classes: int, rngs: nnx.Rngs):
        channels = (1, *options.channels)
        self.blocks = nnx.List(
            Block(c, new_c, options.kernel_size, options.batch_norm, rngs) for c, new_c in pairwise(channels)
        )
        side = 28 // 2 ** len(options.channels)
        widths = (side * side * channels[-1], *options.dense)
        self.hidden = nnx.List(
            nnx.Linear(width, next_width, kernel_init=nnx.initializers.he_normal(), rngs=rngs)
            for width, next_width in pairwise(widths)
        )
        self.dropout = nnx.Dropout(options.dropout)
        self.head = nnx.Linear(widths[-1], classes, rngs=rngs)

    def __call__(
        self, images: Float[Array, "batch 28 28 1"], rngs: nnx.Rngs | None = None
    ) -> tuple[Float[Array, "batch classes"], dict[str, Array]]:
        """Return logits and intermediates; `rngs.dropout` is needed while training."""
        intermediates = {}
        features = images
        for i, block in enumerate(self.blocks, start=1):
            features = intermediates[f"block{i}"] = block(features)
        features = features.reshape(features.shape[0], -1)
        for i, layer in enumerate(self.hidden, start=1):
            features = jax.nn.relu(layer(self.dropout(features, rngs=rngs)))
            intermediates[f"dense{i}"] = features
        return self.head(self.dropout(features, rngs=rngs)), intermediates
