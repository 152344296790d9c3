"""Options of the architectures: one class each, with the discriminator `kind`."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from digitjax.config.base import Fraction, Options, Positive

Activation = Literal["relu", "leaky_relu", "elu", "gelu", "silu", "tanh"]
Normalization = Literal["batch", "layer", "group", "none"]
Pooling = Literal["max", "average", "stride"]
KernelSize = Annotated[int, Field(ge=1, le=11)]
Stages = Annotated[tuple[Positive, ...], Field(min_length=1, max_length=4)]
"""Channels of each stage; at most four, since a side of 28 pixels can be halved four times."""


@dataclass(frozen=True, kw_only=True)
class CNNConfig(Options):
    """Stages of convolution, normalization, activation and downsampling, then dense layers."""

    kind: Literal["cnn"] = "cnn"
    """Architecture; another one, with its own fields: --model.kind mlp."""
    channels: Stages = (32, 64)
    """Output channels of each stage; each stage halves the side of the image."""
    convolutions: Annotated[int, Field(ge=1, le=8)] = 1
    """Convolutions per stage, each with its normalization and activation."""
    kernel_size: KernelSize | tuple[KernelSize, ...] = 3
    """Side of the square kernels in pixels: one for all stages, or one per stage."""
    pooling: Pooling = "max"
    """How a stage halves the side: 2x2 pooling, or a stride of 2 in its last convolution."""
    normalization: Normalization = "batch"
    """Normalization after each convolution: of each channel over the batch, of each pixel over its channels (layer),
    of each image over groups of channels, or none."""
    groups: Positive = 8
    """Number of groups of channels of the group normalization."""
    activation: Activation = "relu"
    """Nonlinearity after each convolution and each hidden dense layer."""
    global_pooling: bool = False
    """Average each channel over the image before the dense layers, instead of flattening."""
    dense: tuple[Positive, ...] = (128,)
    """Widths of the hidden dense layers."""
    dropout: Fraction = 0.3
    """Dropout rate before each dense layer."""

    @property
    def kernel_sizes(self) -> tuple[int, ...]:
        """Side of the kernels of each stage, in pixels."""
        if isinstance(self.kernel_size, int):
            return (self.kernel_size,) * len(self.channels)
        return self.kernel_size

    @model_validator(mode="after")
    def _require_matching_stages(self) -> "CNNConfig":
        if len(self.kernel_sizes) != len(self.channels):
            stages = len(self.channels)
            raise ValueError(
                f"kernel_size is {self.kernel_size}: give one side for all stages, or one for each of the {stages}"
            )
        if self.normalization == "group" and any(c % self.groups for c in self.channels):
            raise ValueError(
                f"groups is {self.groups}: it must divide each of model.channels, {self.channels}"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class DeepCNNConfig(Options):
    """Convolutions without padding or pooling, as many as fit into the image."""

    kind: Literal["deep_cnn"] = "deep_cnn"
    """Architecture; another one, with its own fields: --model.kind cnn."""
    kernel_size: Literal[3, 5, 7] = 3
    """Side of the square kernels in pixels: ten convolutions of 3, five of 5, or four of 7."""
    width: Annotated[float, Field(gt=0, le=4)] = 1.0
    """Channels of each convolution, as a multiple of the paper's; the cost of a step grows with its square."""


@dataclass(frozen=True, kw_only=True)
class FastCNNConfig(Options):
    """Three convolutions, the first with a stride of 2: designed for the fastest training on a CPU."""

    kind: Literal["fast_cnn"] = "fast_cnn"
    """Architecture; another one, with its own fields: --model.kind cnn."""
    channels: tuple[Positive, Positive, Positive] = (16, 32, 64)
    """Output channels of each convolution."""


@dataclass(frozen=True, kw_only=True)
class LeNet5Config(Options):
    """LeNet-5: two convolutions with subsampling, then three dense layers."""

    kind: Literal["lenet5"] = "lenet5"
    """Architecture; another one, with its own fields: --model.kind cnn."""
    activation: Activation = "tanh"
    """Nonlinearity after each layer; the paper's is a scaled tanh."""
    pooling: Literal["average", "max"] = "average"
    """2x2 pooling; the paper averages."""


@dataclass(frozen=True, kw_only=True)
class MLPConfig(Options):
    """Dense layers alone, as a baseline for the convolutional networks."""

    kind: Literal["mlp"] = "mlp"
    """Architecture; another one, with its own fields: --model.kind cnn."""
    dense: tuple[Positive, ...] = (256, 128)
    """Widths of the hidden dense layers."""
    activation: Activation = "relu"
    """Nonlinearity after each hidden layer."""
    dropout: Fraction = 0.2
    """Dropout rate after each hidden layer."""


@dataclass(frozen=True, kw_only=True)
class ResNetConfig(Options):
    """Stages of residual blocks, whose convolutions learn a residual that is added to their input."""

    kind: Literal["resnet"] = "resnet"
    """Architecture; another one, with its own fields: --model.kind cnn."""
    channels: Stages = (16, 32, 64)
    """Output channels of each stage; each stage halves the side of the image."""
    blocks: Annotated[int, Field(ge=1, le=8)] = 2
    """Residual blocks per stage, of two convolutions each."""
    pooling: Pooling = "average"
    """How a stage halves the side: 2x2 pooling before its first block, or a stride of 2 within it."""


@dataclass(frozen=True, kw_only=True)
class TinyCNNConfig(Options):
    """Five convolutions and one dense layer: the most accuracy from fewer than 30,000 parameters."""

    kind: Literal["tiny_cnn"] = "tiny_cnn"
    """Architecture; another one, with its own fields: --model.kind cnn."""
    channels: tuple[Positive, Positive, Positive] = (16, 24, 32)
    """Output channels of the convolutions at full, half and a quarter of the side of the image."""
    dropout: Fraction = 0.1
    """Dropout rate before the dense layer."""


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig(Options):
    """A convolutional encoder from an image to a latent vector, and a decoder from that back to the image."""

    kind: Literal["autoencoder"] = "autoencoder"
    """Architecture; another one, with its own fields: --model.kind cnn."""
    channels: tuple[Positive, Positive] = (16, 32)
    """Channels of the encoder at sides of 14 and 7 pixels; the decoder has the same."""
    latent: Positive = 16
    """Dimensions of the latent vector."""


@dataclass(frozen=True, kw_only=True)
class VAEConfig(Options):
    """A variational autoencoder: it encodes an image as a normal distribution, and can generate images."""

    kind: Literal["vae"] = "vae"
    """Architecture; another one, with its own fields: --model.kind cnn."""
    channels: tuple[Positive, Positive] = (16, 32)
    """Channels of the encoder at sides of 14 and 7 pixels; the decoder has the same."""
    latent: Positive = 16
    """Dimensions of the latent vector."""
    beta: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the divergence from the standard normal (Higgins et al. 2017); 1 gives the negative ELBO."""


Model = Annotated[
    CNNConfig
    | DeepCNNConfig
    | FastCNNConfig
    | LeNet5Config
    | MLPConfig
    | ResNetConfig
    | TinyCNNConfig
    | AutoencoderConfig
    | VAEConfig,
    Field(discriminator="kind"),
]
