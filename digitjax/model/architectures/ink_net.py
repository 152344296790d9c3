"""A fully convolutional network that finds the strokes of digits in a picture, and the digit that each belongs to."""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from digitjax.imaging.local_contrast import CHANNELS
from digitjax.model.layers.conv_pool import max_pool

STRIDE = 16
"""Height and width of the input must be multiples of this, in pixels."""
VOTES = 3
"""Numbers of a vote: see `InkOutput.votes`."""
_HE = nnx.initializers.he_normal()


@dataclass(frozen=True, kw_only=True)
class InkNetConfig:
    """Options of `InkNet`."""

    channels: tuple[int, int, int, int] = (16, 24, 40, 56)
    """Channels at a half, a quarter, an eighth and a sixteenth of the resolution."""


class InkOutput(NamedTuple):
    """What the network finds."""

    logits: Float[Array, "batch h w"]
    """Logit of each pixel that it is part of the stroke of a digit."""
    votes: Float[Array, "batch h2 w2 3"]
    """At half the resolution: the way to the middle of the pixel's digit, to the right and down, and the digit's
    height, in units of `digitjax.imaging.local_contrast.VOTE_UNIT` pixels; meaningless where there is no stroke."""


class Block(nnx.Module):
    """3x3 convolution, batch normalization, ReLU."""

    def __init__(self, channels: int, new_channels: int, rngs: nnx.Rngs):
        self.conv = nnx.Conv(channels, new_channels, (3, 3), use_bias=False, kernel_init=_HE, rngs=rngs)
        self.norm = nnx.BatchNorm(new_channels, momentum=0.95, rngs=rngs)

    def __call__(self, features: Float[Array, "batch h w c"]) -> Float[Array, "batch h w c2"]:
        """Return features of the same height and width."""
        return jax.nn.relu(self.norm(self.conv(features)))


class InkNet(nnx.Module):
    """A small U-Net (Ronneberger et al. 2015, arXiv 1505.04597) at half the resolution of the picture.

    Four pixels of the input become the channels of one (space to depth), and logits are spread the same way, since
    convolutions of few channels at full resolution are slow. The skip connections are added, not concatenated.
    """

    def __init__(self, config: InkNetConfig, rngs: nnx.Rngs):
        sizes = (4 * CHANNELS, *config.channels)
        pairs = list(pairwise(sizes))
        self.down = nnx.List([nnx.List([Block(a, b, rngs), Block(b, b, rngs)]) for a, b in pairs])
        self.lateral = nnx.List([nnx.Linear(b, a, rngs=rngs) for a, b in pairs[1:]])
        self.up = nnx.List([Block(a, a, rngs) for a, _ in pairs[1:]])
        self.last = Block(config.channels[0], config.channels[0], rngs)
        self.head = nnx.Linear(config.channels[0], 4 + VOTES, rngs=rngs)

    def __call__(self, inputs: Float[Array, "batch h w 5"]) -> InkOutput:
        """Find the strokes of digits.

        Args:
            inputs: local contrast of pictures, whose height and width are multiples of `STRIDE`.

        Returns:
            Logits and votes of the pixels.
        """
        features = space_to_depth(inputs)
        skipped = []
        for level, blocks in enumerate(self.down):
            if level:
                skipped.append(features)
                features = max_pool(features, (2, 2), (2, 2))
            for block in blocks:
                features = block(features)
        for lateral, block in reversed(list(zip(self.lateral, self.up, strict=True))):
            features = block(skipped.pop() + enlarge(lateral(features)))
        logits, votes = jnp.split(self.head(self.last(features)), [4], axis=-1)
        return InkOutput(depth_to_space(logits), votes)


@jax.jit
def space_to_depth(images: Float[Array, "batch h w c"]) -> Float[Array, "batch h2 w2 c4"]:
    """Turn squares of 2x2 pixels into the channels of one."""
    batch, height, width, channels = images.shape
    squares = images.reshape(batch, height // 2, 2, width // 2, 2, channels)
    return squares.transpose(0, 1, 3, 2, 4, 5).reshape(batch, height // 2, width // 2, 4 * channels)


@jax.jit
def depth_to_space(features: Float[Array, "batch h2 w2 4"]) -> Float[Array, "batch h w"]:
    """Turn the four channels of each pixel into a square of 2x2."""
    batch, height, width, _ = features.shape
    squares = features.reshape(batch, height, width, 2, 2).transpose(0, 1, 3, 2, 4)
    return squares.reshape(batch, 2 * height, 2 * width)


@jax.jit
def enlarge(features: Float[Array, "batch h2 w2 c"]) -> Float[Array, "batch h w c"]:
    """Repeat each pixel in a square of 2x2."""
    batch, height, width, channels = features.shape
    repeated = jnp.broadcast_to(features[:, :, None, :, None], (batch, height, 2, width, 2, channels))
    return repeated.reshape(batch, 2 * height, 2 * width, channels)
