"""Architectures: one option class each, told apart by `kind`."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from digitjax.config.base import Fraction, Options, Positive


@dataclass(frozen=True, kw_only=True)
class CNN(Options):
    """Blocks of convolution, batch normalisation, ReLU and 2x2 max-pooling, then dense layers."""

    kind: Literal["cnn"] = "cnn"
    """Architecture; another one, with its own fields: --model.kind mlp."""
    channels: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=4)] = (32, 64)
    """Output channels of each block; each block halves the picture's side."""
    kernel_size: Literal[1, 3, 5, 7] = 3
    """Side of the square kernels."""
    batch_norm: bool = True
    """Normalise after each convolution."""
    dense: tuple[Positive, ...] = (128,)
    """Widths of the hidden dense layers."""
    dropout: Fraction = 0.3
    """Share of the features that is dropped before each dense layer while training."""


@dataclass(frozen=True, kw_only=True)
class FastCNN(Options):
    """Three convolutions, the first at stride 2: made to learn the most in a second of a CPU's time."""

    kind: Literal["fast_cnn"] = "fast_cnn"
    """Architecture; another one, with its own fields: --model.kind cnn."""
    channels: tuple[Positive, Positive, Positive] = (16, 32, 64)
    """Output channels of each convolution."""


@dataclass(frozen=True, kw_only=True)
class MLP(Options):
    """Dense layers alone, the reference that any convolution has to beat."""

    kind: Literal["mlp"] = "mlp"
    """Architecture; another one, with its own fields: --model.kind cnn."""
    dense: tuple[Positive, ...] = (256, 128)
    """Widths of the hidden dense layers."""
    dropout: Fraction = 0.2
    """Share of the features that is dropped after each hidden layer while training."""


@dataclass(frozen=True, kw_only=True)
class Autoencoder(Options):
    """Convolutions from a picture to a few numbers, its latent, and from these back to the picture."""

    kind: Literal["autoencoder"] = "autoencoder"
    """Architecture; another one, with its own fields: --model.kind cnn."""
    channels: tuple[Positive, Positive] = (16, 32)
    """Channels of the encoder at sides 14 and 7; the decoder has the same."""
    latent: Positive = 16
    """Numbers that stand for a picture."""


@dataclass(frozen=True, kw_only=True)
class VAE(Options):
    """An autoencoder with a normal distribution for each picture, so that pictures can be drawn from noise."""

    kind: Literal["vae"] = "vae"
    """Architecture; another one, with its own fields: --model.kind cnn."""
    channels: tuple[Positive, Positive] = (16, 32)
    """Channels of the encoder at sides 14 and 7; the decoder has the same."""
    latent: Positive = 16
    """Numbers that stand for a picture."""
    beta: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the divergence from the standard normal (Higgins et al. 2017); 1 bounds the likelihood."""


Model = Annotated[CNN | FastCNN | MLP | Autoencoder | VAE, Field(discriminator="kind")]
