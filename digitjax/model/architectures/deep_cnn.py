"""A deeper network without pooling."""

from itertools import pairwise

import jax
from flax import nnx
from jaxtyping import Array, Float

from digitjax.config import DeepCNNConfig
from digitjax.model.layers.conv_pool import Conv

_HE = nnx.initializers.he_normal()
# For each side of the kernels: how many convolutions, channels of the first, and how many more each next one has.
_PLANS = {3: (10, 32, 16), 5: (5, 32, 32), 7: (4, 48, 48)}


class Block(nnx.Module):
    """Convolution without padding, batch normalisation, ReLU."""

    def __init__(self, channels: int, new_channels: int, kernel_size: int, rngs: nnx.Rngs):
        sides = (kernel_size, kernel_size)
        self.conv = Conv(
            channels, new_channels, sides, padding="VALID", use_bias=False, kernel_init=_HE, rngs=rngs
        )
        self.norm = nnx.BatchNorm(new_channels, momentum=0.9, rngs=rngs)

    def __call__(self, features: Float[Array, "batch h w c"]) -> Float[Array, "batch h2 w2 c2"]:
        """Change the channels; the side shrinks by the kernel's side less one."""
        return jax.nn.relu(self.norm(self.conv(features)))


class DeepCNN(nnx.Module):
    """M3, M5 or M7, by the side of the kernels, of An, Lee, Park, Yang and So (2020, arXiv 2008.10400).

    Convolutions alone shrink the picture, to 8x8 (4x4 for kernels of 7), while the channels grow evenly. One dense
    layer without bias follows, whose logits are batch-normalised too.
    """

    def __init__(self, options: DeepCNNConfig, classes: int, rngs: nnx.Rngs):
        depth, first, growth = _PLANS[options.kernel_size]
        channels = [max(1, round(options.width * (first + growth * i))) for i in range(depth)]
        self.blocks = nnx.List(
            Block(c, new_c, options.kernel_size, rngs) for c, new_c in pairwise([1, *channels])
        )
        side = 28 - depth * (options.kernel_size - 1)
        self.head = nnx.Linear(side * side * channels[-1], classes, use_bias=False, rngs=rngs)
        self.norm = nnx.BatchNorm(classes, momentum=0.9, rngs=rngs)

    def __call__(
        self, images: Float[Array, "batch 28 28 1"], rngs: nnx.Rngs | None = None
    ) -> tuple[Float[Array, "batch classes"], dict[str, Array]]:
        """Return logits and intermediates."""
        intermediates = {}
        features = images
        for i, block in enumerate(self.blocks, start=1):
            features = intermediates[f"block{i}"] = block(features)
        return self.norm(self.head(features.reshape(images.shape[0], -1))), intermediates
