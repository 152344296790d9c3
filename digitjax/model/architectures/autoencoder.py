"""Convolutional autoencoders: a plain and a variational one with the same encoder and decoder.

Their outputs are logits of the pixels (batch, 784): the intensity of each pixel is modelled as a Bernoulli probability.
"""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from digitjax.config import AutoencoderConfig, VAEConfig
from digitjax.model.layers.conv_pool import Conv, max_pool

_HE = nnx.initializers.he_normal()


class Encoder(nnx.Module):
    """Two convolutions, which reduce the side from 28 to 14 and 7, and one dense layer."""

    def __init__(self, channels: tuple[int, int], outputs: int, rngs: nnx.Rngs):
        first, second = channels
        self.conv1 = Conv(1, first, (4, 4), 2, padding=1, use_bias=False, kernel_init=_HE, rngs=rngs)
        self.conv2 = Conv(first, second, (3, 3), use_bias=False, kernel_init=_HE, rngs=rngs)
        self.norm1, self.norm2 = (nnx.BatchNorm(c, momentum=0.9, rngs=rngs) for c in channels)
        self.head = nnx.Linear(7 * 7 * second, outputs, rngs=rngs)

    def __call__(
        self, images: Float[Array, "batch 28 28 1"]
    ) -> tuple[Float[Array, "batch outputs"], dict[str, Array]]:
        """Return the parameters of the latent vectors (batch, outputs), and the intermediate features."""
        encoder1 = jax.nn.relu(self.norm1(self.conv1(images)))
        encoder2 = jax.nn.relu(self.norm2(max_pool(self.conv2(encoder1), (2, 2), (2, 2))))
        outputs = self.head(encoder2.reshape(images.shape[0], -1))
        return outputs, {"encoder1": encoder1, "encoder2": encoder2}


class Decoder(nnx.Module):
    """A dense layer and two sub-pixel convolutions, which enlarge the side from 7 to 14 and 28.

    Sub-pixel convolutions (Shi et al. 2016, arXiv 1609.05158) compute four channels at the smaller side and rearrange
    them to 2x2 pixels. With convolutions after an upsampling a training step takes 1.6 times as long on a CPU, and
    gradients of transposed convolutions are slower still.
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
        """Return the logits of the pixels (batch, 784), and the intermediate features."""
        features = self.stem(latent).reshape(latent.shape[0], 7, 7, -1)
        decoder1 = jax.nn.relu(self.norm1(features))
        decoder2 = jax.nn.relu(self.norm2(depth_to_space(self.conv1(decoder1))))
        logits = depth_to_space(self.conv2(decoder2)).reshape(latent.shape[0], -1)
        return logits, {"decoder1": decoder1, "decoder2": decoder2}


def depth_to_space(features: Float[Array, "batch h w c"]) -> Float[Array, "batch h2 w2 c2"]:
    """Return features (batch, 2 h, 2 w, c / 4): each four channels become one channel of 2x2 pixels."""
    batch, height, width, channels = features.shape
    blocks = features.reshape(batch, height, width, 2, 2, channels // 4).swapaxes(2, 3)
    return blocks.reshape(batch, 2 * height, 2 * width, channels // 4)


class Autoencoder(nnx.Module):
    """Encodes an image as a latent vector and decodes it (Hinton and Salakhutdinov 2006)."""

    def __init__(self, config: AutoencoderConfig, rngs: nnx.Rngs):
        self.encoder = Encoder(config.channels, config.latent, rngs)
        self.decode = Decoder(config.channels, config.latent, rngs)

    def __call__(
        self, images: Float[Array, "batch 28 28 1"], rngs: nnx.Rngs | None = None
    ) -> tuple[Float[Array, "batch 784"], dict[str, Array]]:
        """Encode images and decode their latent vectors.

        Args:
            images: normalized images (batch, 28, 28, 1).
            rngs: random streams while training; not used, since there is no dropout.

        Returns:
            Logits of the pixels (batch, 784), and the named intermediate features.
        """
        latent, encoding = self.encoder(images)
        logits, decoding = self.decode(latent)
        return logits, {**encoding, "latent": latent, **decoding}


class VAE(nnx.Module):
    """Encodes an image as a normal distribution and decodes a sample of it.

    After Kingma and Welling (2014, arXiv 1312.6114).
    """

    def __init__(self, config: VAEConfig, rngs: nnx.Rngs):
        self.encoder = Encoder(config.channels, 2 * config.latent, rngs)
        self.decode = Decoder(config.channels, config.latent, rngs)

    def __call__(
        self, images: Float[Array, "batch 28 28 1"], rngs: nnx.Rngs | None = None
    ) -> tuple[Float[Array, "batch 784"], dict[str, Array]]:
        """Encode images and decode a sample of their latent distributions.

        Args:
            images: normalized images (batch, 28, 28, 1).
            rngs: random streams while training; `noise` samples the latent vectors, which are the means without it.

        Returns:
            Logits of the pixels (batch, 784), and the named intermediate features.
        """
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
