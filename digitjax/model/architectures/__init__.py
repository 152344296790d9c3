"""Networks, each in a file of its own and picked by its option class.

Every network maps normalised pictures (batch, 28, 28, 1) to logits (batch, 10) and a dict of its named
intermediate results, in the order in which they arise. To add one: its options in `digitjax.config`, its
module here, and a line in `_MODULES`.
"""

from typing import Any

from flax import nnx

from digitjax.config import CNN, MLP, FastCNN
from digitjax.model.architectures import cnn, fast_cnn, mlp

CLASSES = 10
_MODULES: dict[type, Any] = {CNN: cnn.CNN, FastCNN: fast_cnn.FastCNN, MLP: mlp.MLP}


def build(options: CNN | FastCNN | MLP, rngs: nnx.Rngs) -> nnx.Module:
    """Build the network that the options describe, with weights drawn from `rngs.params`."""
    return _MODULES[type(options)](options, CLASSES, rngs)
