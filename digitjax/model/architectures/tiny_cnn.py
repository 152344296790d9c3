"""A network with few parameters."""

import jax
from flax import nnx
from jaxtyping import Array, Float

from digitjax.config import TinyCNNConfig
from digitjax.model.layers.conv_pool import Conv, max_pool

_HE = nnx.initializers.he_normal()


class Block(nnx.Module):
    """3x3 convolution, 2x2 max-pooling or none, batch normalization, ReLU."""

    def __init__(
        self, channels: int, new_channels: int, rngs: nnx.Rngs, *, padding: str = "VALID", pools: bool = False
    ):
        self.conv = Conv(
            channels, new_channels, (3, 3), padding=padding, use_bias=False, kernel_init=_HE, rngs=rngs
        )
        self.pools = pools
        self.norm = nnx.BatchNorm(new_channels, momentum=0.9, rngs=rngs)

    def __call__(self, features: Float[Array, "batch h w c"]) -> Float[Array, "batch h2 w2 c2"]:
        """Return features (batch, h2, w2, c2), of half the side if this block pools."""
        features = self.conv(features)
        if self.pools:  # first: the rest then processes a quarter of the pixels
            features = max_pool(features, (2, 2), (2, 2))
        return jax.nn.relu(self.norm(features))


class TinyCNN(nnx.Module):
    """Pairs of 3x3 convolutions between pooling layers, after VGG (Simonyan and Zisserman 2015, arXiv 1409.1556).

    23,354 parameters by default. Sides of 28 - 26 - 24 - 12 - 12 - 12 - 6 - 4: from the second convolution on, all
    outputs are whole 4x4 tiles of Winograd's algorithm.
    """

    def __init__(self, config: TinyCNNConfig, classes: int, rngs: nnx.Rngs):
        full, half, quarter = config.channels
        self.blocks = nnx.List(
            [
                Block(1, full, rngs),
                Block(full, full, rngs, pools=True),
                Block(full, half, rngs, padding="SAME"),
                Block(half, half, rngs, padding="SAME", pools=True),
                Block(half, quarter, rngs),
            ]
        )
        self.dropout = nnx.Dropout(config.dropout)
        self.head = nnx.Linear(4 * 4 * quarter, classes, rngs=rngs)

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
        features = self.dropout(features.reshape(images.shape[0], -1), rngs=rngs)
        return self.head(features), intermediates
