"""Networks, each in a file of its own and picked by its option class.

Every network maps normalised pictures (batch, 28, 28, 1) to logits, of the classes (batch, 10) or of the
pixels (batch, 784), and a dict of its named intermediate results, in the order in which they arise. To add
one: its options in `digitjax.config`, its module here, and a line in `_CLASSIFIERS` or `_AUTOENCODERS`.
"""

from typing import Any

from flax import nnx

from digitjax import config
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
_CLASSIFIERS: dict[type, Any] = {
    config.CNNConfig: cnn.CNN,
    config.DeepCNNConfig: deep_cnn.DeepCNN,
    config.FastCNNConfig: fast_cnn.FastCNN,
    config.LeNet5Config: lenet5.LeNet5,
    config.MLPConfig: mlp.MLP,
    config.ResNetConfig: resnet.ResNet,
    config.TinyCNNConfig: tiny_cnn.TinyCNN,
}
_AUTOENCODERS: dict[type, Any] = {
    config.AutoencoderConfig: autoencoder.Autoencoder,
    config.VAEConfig: autoencoder.VAE,
}


def build(options: Model, rngs: nnx.Rngs) -> nnx.Module:
    """Build the network that the options describe, with weights drawn from `rngs.params`."""
    if type(options) in _AUTOENCODERS:
        return _AUTOENCODERS[type(options)](options, rngs)
    return _CLASSIFIERS[type(options)](options, CLASSES, rngs)
