"""LeNet-5, the network that made MNIST known."""

from flax import nnx
from jaxtyping import Array, Float

from digitjax.config import LeNet5Config
from digitjax.model.architectures.layer_factories import activation, pool
from digitjax.model.layers.conv_pool import Conv


class LeNet5(nnx.Module):
    """LeNet-5 with the layer names of the paper; 61,706 parameters.

    LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", Proceedings of the
    IEEE 86(11), 1998. The differences: each map of C3 is connected to all maps of S2, not by a table; the subsampling
    has no weights and no nonlinearity; tanh is not scaled; the output is a dense layer for a softmax, not RBF units;
    and the 28x28 images are padded by 2 pixels in C1.
    """

    def __init__(self, config: LeNet5Config, classes: int, rngs: nnx.Rngs):
        self.c1 = Conv(1, 6, (5, 5), rngs=rngs)
        self.c3 = Conv(6, 16, (5, 5), padding="VALID", rngs=rngs)
        self.c5 = nnx.Linear(5 * 5 * 16, 120, rngs=rngs)  # a 5x5 convolution of 5x5 pixels
        self.f6 = nnx.Linear(120, 84, rngs=rngs)
        self.head = nnx.Linear(84, classes, rngs=rngs)
        self.activation = activation(config.activation)
        self.pooling = config.pooling

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
        c1 = self.activation(self.c1(images))
        s2 = pool(self.pooling, c1)
        c3 = self.activation(self.c3(s2))
        s4 = pool(self.pooling, c3)
        c5 = self.activation(self.c5(s4.reshape(images.shape[0], -1)))
        f6 = self.activation(self.f6(c5))
        return self.head(f6), {"c1": c1, "s2": s2, "c3": c3, "s4": s4, "c5": c5, "f6": f6}
