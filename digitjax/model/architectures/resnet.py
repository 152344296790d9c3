"""A small residual network."""

from itertools import pairwise

import jax
from flax import nnx
from jaxtyping import Array, Float

from digitjax.config import ResNetConfig
from digitjax.config.models import Pooling
from digitjax.model.architectures.layer_factories import pool
from digitjax.model.layers.conv_pool import Conv

_HE = nnx.initializers.he_normal()


def _conv(channels: int, new_channels: int, side: int, strides: int, rngs: nnx.Rngs) -> Conv:
    return Conv(channels, new_channels, (side, side), strides, use_bias=False, kernel_init=_HE, rngs=rngs)


class Block(nnx.Module):
    """Two 3x3 convolutions, each after batch normalization and ReLU, whose result is added to the input.

    With a `pooling`, the block halves the side and changes the channels, and its shortcut is a 1x1 convolution.
    """

    def __init__(self, channels: int, new_channels: int, pooling: Pooling | None, rngs: nnx.Rngs):
        strides = 2 if pooling == "stride" else 1
        self.norm1 = nnx.BatchNorm(channels, momentum=0.9, rngs=rngs)
        self.conv1 = _conv(channels, new_channels, 3, strides, rngs)
        self.norm2 = nnx.BatchNorm(new_channels, momentum=0.9, rngs=rngs)
        self.conv2 = _conv(new_channels, new_channels, 3, 1, rngs)
        self.shortcut = _conv(channels, new_channels, 1, strides, rngs) if pooling else None
        self.pooling = pooling

    def __call__(self, features: Float[Array, "batch h w c"]) -> Float[Array, "batch h2 w2 c2"]:
        """Return the features plus their residual (batch, h2, w2, c2)."""
        if self.pooling:
            features = pool(self.pooling, features)
        active = jax.nn.relu(self.norm1(features))
        residual = self.conv2(jax.nn.relu(self.norm2(self.conv1(active))))
        return residual + (self.shortcut(active) if self.shortcut else features)


class ResNet(nnx.Module):
    """A convolution, stages of residual blocks, global average pooling, and one dense layer.

    He, Zhang, Ren and Sun 2016, arXiv 1512.03385, with normalization and ReLU before the convolutions as in their
    arXiv 1603.05027. Unlike there every stage halves the side, also the first, since at 28x28 a block costs most;
    and by default it does so by average pooling, as the shortcuts of T. He et al. (2019, arXiv 1812.01187) do.
    """

    def __init__(self, config: ResNetConfig, classes: int, rngs: nnx.Rngs):
        first, last = config.channels[0], config.channels[-1]
        self.stem = _conv(1, first, 3, 1, rngs)
        self.stages: nnx.List[nnx.List[Block]] = nnx.List()
        for channels, new_channels in pairwise([first, *config.channels]):
            downsampling = Block(channels, new_channels, config.pooling, rngs)
            others = (Block(new_channels, new_channels, None, rngs) for _ in range(1, config.blocks))
            self.stages.append(nnx.List([downsampling, *others]))
        self.norm = nnx.BatchNorm(last, momentum=0.9, rngs=rngs)
        self.head = nnx.Linear(last, classes, rngs=rngs)

    def __call__(
        self, images: Float[Array, "batch 28 28 1"], rngs: nnx.Rngs | None = None
    ) -> tuple[Float[Array, "batch classes"], dict[str, Array]]:
        """Compute the logits of images.

        Args:
            images: normalized images (batch, 28, 28, 1).
            rngs: random streams while training; not used, since there is no dropout.

        Returns:
            Logits (batch, classes), and the named intermediate features.
        """
        features = self.stem(images)
        intermediates = {"stem": features}
        for i, stage in enumerate(self.stages, start=1):
            for block in stage:
                features = block(features)
            intermediates[f"stage{i}"] = features
        features = jax.nn.relu(self.norm(features)).mean((1, 2))
        intermediates["features"] = features
        return self.head(features), intermediates
