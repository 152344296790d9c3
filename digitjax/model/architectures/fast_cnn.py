"""A network that is as accurate as possible after a few seconds of training on a CPU."""

import jax
from flax import nnx
from jaxtyping import Array, Float

from digitjax.config import FastCNNConfig
from digitjax.model.layers.conv_pool import Conv, max_pool

_HE = nnx.initializers.he_normal()


class FastCNN(nnx.Module):
    """Three convolutions whose sizes suit a CPU, batch normalization after each, and one dense layer.

    The first takes 4x4 pixels at stride 2, so that no feature map is larger than 14x14. The others are 3x3
    without padding, and their outputs of 12x12 and 4x4 are whole tiles of Winograd's algorithm.
    """

    def __init__(self, config: FastCNNConfig, classes: int, rngs: nnx.Rngs):
        first, second, third = config.channels
        self.conv1 = Conv(1, first, (4, 4), 2, padding=1, use_bias=False, kernel_init=_HE, rngs=rngs)
        self.conv2 = Conv(first, second, (3, 3), padding="VALID", use_bias=False, kernel_init=_HE, rngs=rngs)
        self.conv3 = Conv(second, third, (3, 3), padding="VALID", use_bias=False, kernel_init=_HE, rngs=rngs)
        self.norm1, self.norm2, self.norm3 = (
            nnx.BatchNorm(channels, momentum=0.9, rngs=rngs) for channels in config.channels
        )
        # Small weights: the first steps at a high learning rate start from nearly uniform probabilities.
        small = nnx.initializers.variance_scaling(0.18, "fan_in", "normal")
        self.head = nnx.Linear(4 * 4 * third, classes, kernel_init=small, rngs=rngs)

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
        block1 = jax.nn.relu(self.norm1(self.conv1(images)))
        block2 = jax.nn.relu(self.norm2(max_pool(self.conv2(block1), (2, 2), (2, 2))))
        block3 = jax.nn.relu(self.norm3(self.conv3(block2)))
        logits = self.head(block3.reshape(images.shape[0], -1))
        return logits, {"block1": block1, "block2": block2, "block3": block3}
