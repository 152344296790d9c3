"""The baseline convolutional network."""

from itertools import pairwise

from flax import nnx
from jaxtyping import Array, Float

from digitjax.config import CNNConfig
from digitjax.model.architectures.layer_factories import activation, normalization, pool
from digitjax.model.layers.conv_pool import Conv

_HE = nnx.initializers.he_normal()


class Block(nnx.Module):
    """Convolution, normalization, activation, and at the end of a stage downsampling by 2."""

    def __init__(
        self,
        channels: int,
        new_channels: int,
        kernel_size: int,
        downsamples: bool,
        config: CNNConfig,
        rngs: nnx.Rngs,
    ):
        self.conv = Conv(
            channels,
            new_channels,
            (kernel_size, kernel_size),
            strides=2 if downsamples and config.pooling == "stride" else 1,
            use_bias=config.normalization == "none",  # a normalization has its own
            kernel_init=_HE,
            rngs=rngs,
        )
        self.norm = normalization(config.normalization, new_channels, config.groups, rngs)
        self.activation = activation(config.activation)
        self.pooling = config.pooling if downsamples else None

    def __call__(self, features: Float[Array, "batch h w c"]) -> Float[Array, "batch h2 w2 c2"]:
        """Return features (batch, h2, w2, c2), of half the side at the end of a stage."""
        features = self.activation(self.norm(self.conv(features)))
        return pool(self.pooling, features) if self.pooling else features


class CNN(nnx.Module):
    """Stages of convolution and downsampling, then dense layers with dropout before each (LeCun et al. 1998).

    Several convolutions per stage follow VGG (Simonyan and Zisserman 2015, arXiv 1409.1556), strides in place of
    pooling Springenberg et al. (2015, arXiv 1412.6806), global pooling Lin et al. (2014, arXiv 1312.4400).
    """

    def __init__(self, config: CNNConfig, classes: int, rngs: nnx.Rngs):
        self.blocks: nnx.List[Block] = nnx.List()
        channels, side = 1, 28
        for new_channels, kernel_size in zip(config.channels, config.kernel_sizes, strict=True):
            for i in range(1, config.convolutions + 1):
                downsamples = i == config.convolutions
                self.blocks.append(Block(channels, new_channels, kernel_size, downsamples, config, rngs))
                channels = new_channels
            side = (side + (config.pooling == "stride")) // 2  # strides round up, pooling rounds down
        self.global_pooling = config.global_pooling
        widths = (channels if config.global_pooling else side * side * channels, *config.dense)
        self.hidden = nnx.List(
            nnx.Linear(width, next_width, kernel_init=_HE, rngs=rngs)
            for width, next_width in pairwise(widths)
        )
        self.activation = activation(config.activation)
        self.dropout = nnx.Dropout(config.dropout)
        self.head = nnx.Linear(widths[-1], classes, rngs=rngs)

    def __call__(
        self, images: Float[Array, "batch 28 28 1"], rngs: nnx.Rngs | None = None
    ) -> tuple[Float[Array, "batch classes"], dict[str, Array]]:
        """Compute the logits of images.

        Args:
            images: normalized images (batch, 28, 28, 1).
            rngs: random streams while training; `dropout` is needed for dropout.

        Returns:
            Logits (batch, classes), and the named intermediate features.
        """
        intermediates = {}
        features = images
        for i, block in enumerate(self.blocks, start=1):
            features = intermediates[f"block{i}"] = block(features)
        if self.global_pooling:
            features = features.mean((1, 2))
        features = features.reshape(features.shape[0], -1)
        for i, layer in enumerate(self.hidden, start=1):
            features = self.activation(layer(self.dropout(features, rngs=rngs)))
            intermediates[f"dense{i}"] = features
        return self.head(self.dropout(features, rngs=rngs)), intermediates
