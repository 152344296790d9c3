"""Architectures: one file each, selected by the class of its config.

Every network maps normalized images (batch, 28, 28, 1) to logits, of the classes (batch, 10) or of the pixels
(batch, 784), and to a dict of named intermediate features, in the order of their computation. To add an architecture,
add its config to `digitjax.config`, its module here, and a line to `_CLASSIFIERS` or `_AUTOENCODERS`.
"""

from typing import Any

from flax import nnx

from digitjax import config as configs
from digitjax.config import Model
from digitjax.model.architectures import (
    autoencoder,
    cnn,
    deep_cnn,
    fast_cnn,
    lenet5,
    mlp,
    resnet,
    tiny_cnn,
)

CLASSES = 10
"""Number of classes: the digits."""

_CLASSIFIERS: dict[type, Any] = {
    configs.CNNConfig: cnn.CNN,
    configs.DeepCNNConfig: deep_cnn.DeepCNN,
    configs.FastCNNConfig: fast_cnn.FastCNN,
    configs.LeNet5Config: lenet5.LeNet5,
    configs.MLPConfig: mlp.MLP,
    configs.ResNetConfig: resnet.ResNet,
    configs.TinyCNNConfig: tiny_cnn.TinyCNN,
}
_AUTOENCODERS: dict[type, Any] = {
    configs.AutoencoderConfig: autoencoder.Autoencoder,
    configs.VAEConfig: autoencoder.VAE,
}


def build(config: Model, rngs: nnx.Rngs) -> nnx.Module:
    """Build a network with initial weights.

    Args:
        config: config of the architecture.
        rngs: random streams; the weights are drawn from `params`.

    Returns:
        The module.
    """
    if type(config) in _AUTOENCODERS:
        return _AUTOENCODERS[type(config)](config, rngs)
    return _CLASSIFIERS[type(config)](config, CLASSES, rngs)
