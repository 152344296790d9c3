"""A deeper network without pooling."""

from itertools import pairwise

import jax
from flax import nnx
from jaxtyping import Array, Float

from digitjax.config import DeepCNNConfig
from digitjax.model.layers.conv_pool import Conv

_HE = nnx.initializers.he_normal()
_PLANS = {3: (10, 32, 16), 5: (5, 32, 32), 7: (4, 48, 48)}
"""For each kernel size: number of convolutions, channels of the first, and channels added by each next one."""


class Block(nnx.Module):
    """Convolution without padding, batch normalization, ReLU."""

    def __init__(self, channels: int, new_channels: int, kernel_size: int, rngs: nnx.Rngs):
        sides = (kernel_size, kernel_size)
        self.conv = Conv(
            channels, new_channels, sides, padding="VALID", use_bias=False, kernel_init=_HE, rngs=rngs
        )
        self.norm = nnx.BatchNorm(new_channels, momentum=0.9, rngs=rngs)

    def __call__(self, features: Float[Array, "batch h w c"]) -> Float[Array, "batch h2 w2 c2"]:
        """Return features (batch, h - k + 1, w - k + 1, c2) for kernels of side k."""
        return jax.nn.relu(self.norm(self.conv(features)))


class DeepCNN(nnx.Module):
    """M3, M5 or M7, named by the kernel size, of An, Lee, Park, Yang and So (2020, arXiv 2008.10400).

    Convolutions without padding reduce the features to 8x8 (4x4 for kernels of 7), while the channels increase
    linearly. One dense layer without bias follows, whose logits are batch-normalized too.
    """

    def __init__(self, config: DeepCNNConfig, classes: int, rngs: nnx.Rngs):
        depth, first, growth = _PLANS[config.kernel_size]
        channels = [max(1, round(config.width * (first + growth * i))) for i in range(depth)]
        self.blocks = nnx.List(
            Block(c, new_c, config.kernel_size, rngs) for c, new_c in pairwise([1, *channels])
        )
        side = 28 - depth * (config.kernel_size - 1)
        self.head = nnx.Linear(side * side * channels[-1], classes, use_bias=False, rngs=rngs)
        self.norm = nnx.BatchNorm(classes, momentum=0.9, rngs=rngs)

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
        intermediates = {}
        features = images
        for i, block in enumerate(self.blocks, start=1):
            features = intermediates[f"block{i}"] = block(features)
        return self.norm(self.head(features.reshape(images.shape[0], -1))), intermediates
