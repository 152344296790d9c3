"""Multilayer perceptron: the baseline that does not use which pixels are neighbors."""

from itertools import pairwise

from flax import nnx
from jaxtyping import Array, Float

from digitjax.config import MLPConfig
from digitjax.model.architectures.layer_factories import activation


class MLP(nnx.Module):
    """Dense layers with dropout, after Rumelhart, Hinton and Williams (1986)."""

    def __init__(self, config: MLPConfig, classes: int, rngs: nnx.Rngs):
        widths = (28 * 28, *config.dense)
        self.hidden = nnx.List(
            nnx.Linear(width, next_width, rngs=rngs) for width, next_width in pairwise(widths)
        )
        self.activation = activation(config.activation)
        self.dropout = nnx.Dropout(config.dropout)
        self.head = nnx.Linear(widths[-1], classes, rngs=rngs)

    def __call__(
        self, images: Float[Array, "batch 28 28 1"], rngs: nnx.Rngs | None = None
    ) -> tuple[Float[Array, "batch classes"], dict[str, Array]]:
        """Compute the logits of images.

        Args:
            images: normalized images (batch, 28, 28, 1).
            rngs: random streams while training; `dropout` is needed for dropout.

        Returns:
            Logits (batch, classes), and the named intermediate features.
        """
        intermediates = {}
        features = images.reshape(images.shape[0], -1)
        for i, layer in enumerate(self.hidden, start=1):
            features = self.activation(layer(features))
            intermediates[f"dense{i}"] = features
            features = self.dropout(features, rngs=rngs)
        return self.head(features), intermediates
