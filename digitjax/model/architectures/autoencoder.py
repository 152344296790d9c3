"""Convolutional autoencoders: a plain and a variational one, of the same two halves.

Their outputs are the logits of the pixels (batch, 784), as if each were a coin that shows ink.
"""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from digitjax import config
from digitjax.model.layers.conv_pool import Conv, max_pool

_HE = nnx.initializers.he_normal()


class Encoder(nnx.Module):
    """Two convolutions, which halve the side from 28 to 14 and 7, and one dense layer."""

    def __init__(self, channels: tuple[int, int], outputs: int, rngs: nnx.Rngs):
        first, second = channels
        self.conv1 = Conv(1, first, (4, 4), 2, padding=1, use_bias=False, kernel_init=_HE, rngs=rngs)
        self.conv2 = Conv(first, second, (3, 3), use_bias=False, kernel_init=_HE, rngs=rngs)
        self.norm1, self.norm2 = (nnx.BatchNorm(c, momentum=0.9, rngs=rngs) for c in channels)
        self.head = nnx.Linear(7 * 7 * second, outputs, rngs=rngs)

    def __call__(
        self, images: Float[Array, "batch 28 28 1"]
    ) -> tuple[Float[Array, "batch outputs"], dict[str, Array]]:
        """Return what the latent is made of, and intermediates."""
        encoder1 = jax.nn.relu(self.norm1(self.conv1(images)))
        encoder2 = jax.nn.relu(self.norm2(max_pool(self.conv2(encoder1), (2, 2), (2, 2))))
        outputs = self.head(encoder2.reshape(images.shape[0], -1))
        return outputs, {"encoder1": encoder1, "encoder2": encoder2}


class Decoder(nnx.Module):
    """The way back from 7 to 14 and 28, by sub-pixel convolutions (Shi et al. 2016, arXiv 1609.05158).

    They compute four channels at the smaller side and spread them over 2x2 pixels. Convolutions after an upsampling
    take 1.6 times as long a step on a CPU, and gradients of transposed convolutions are slower still.
    """

    def __init__(self, channels: tuple[int, int], latent: int, rngs: nnx.Rngs):
        first, second = channels
        self.stem = nnx.Linear(latent, 7 * 7 * second, use_bias=False, kernel_init=_HE, rngs=rngs)
        self.conv1 = Conv(second, 4 * first, (3, 3), use_bias=False, kernel_init=_HE, rngs=rngs)
        self.conv2 = Conv(first, 4, (3, 3), rngs=rngs)
        self.norm1, self.norm2 = (nnx.BatchNorm(c, momentum=0.9, rngs=rngs) for c in (second, first))

    def __call__(
        self, latent: Float[Array, "batch latent"]
    ) -> tuple[Float[Array, "batch 784"], dict[str, Array]]:
        """Return the logits of the pixels, and intermediates."""
        features = self.stem(latent).reshape(latent.shape[0], 7, 7, -1)
        decoder1 = jax.nn.relu(self.norm1(features))
        decoder2 = jax.nn.relu(self.norm2(depth_to_space(self.conv1(decoder1))))
        logits = depth_to_space(self.conv2(decoder2)).reshape(latent.shape[0], -1)
        return logits, {"decoder1": decoder1, "decoder2": decoder2}


def depth_to_space(features: Float[Array, "batch h w c"]) -> Float[Array, "batch h2 w2 c2"]:
    """Double the side: each four channels become one over 2x2 pixels."""
    batch, height, width, channels = features.shape
    blocks = features.reshape(batch, height, width, 2, 2, channels // 4).swapaxes(2, 3)
    return blocks.reshape(batch, 2 * height, 2 * width, channels // 4)


class Autoencoder(nnx.Module):
    """Encodes a picture as a few numbers and decodes it again (Hinton and Salakhutdinov 2006)."""

    def __init__(self, options: config.AutoencoderConfig, rngs: nnx.Rngs):
        self.encoder = Encoder(options.channels, options.latent, rngs)
        self.decode = Decoder(options.channels, options.latent, rngs)

    def __call__(
        self, images: Float[Array, "batch 28 28 1"], rngs: nnx.Rngs | None = None
    ) -> tuple[Float[Array, "batch 784"], dict[str, Array]]:
        """Return the logits of the pixels, and intermediates."""
        latent, encoding = self.encoder(images)
        logits, decoding = self.decode(latent)
        return logits, {**encoding, "latent": latent, **decoding}


class VAE(nnx.Module):
    """Encodes a picture as a normal distribution and decodes a draw from it.

    After Kingma and Welling (2014, arXiv 1312.6114).
    """

    def __init__(self, options: config.VAEConfig, rngs: nnx.Rngs):
        self.encoder = Encoder(options.channels, 2 * options.latent, rngs)
        self.decode = Decoder(options.channels, options.latent, rngs)

    def __call__(
        self, images: Float[Array, "batch 28 28 1"], rngs: nnx.Rngs | None = None
    ) -> tuple[Float[Array, "batch 784"], dict[str, Array]]:
        """Return the logits of the pixels, and intermediates; without `rngs.noise` the latent is the mean."""
        encoded, encoding = self.encoder(images)
        mean, log_variance = jnp.split(encoded, 2, axis=1)
        latent = mean
        if rngs is not None:
            latent += jnp.exp(log_variance / 2) * jax.random.normal(rngs.noise(), mean.shape)
        logits, decoding = self.decode(latent)
        return logits, {
            **encoding,
            "mean": mean,
            "log_variance": log_variance,
            "latent": latent,
            **decoding,
        }
