"""A multilayer perceptron on MNIST, as a baseline for convolutional networks.

    digitjax train mlp

Test accuracy 99.04 % (seed 0; validation 99.05 %), in 50 s of training on one core of an AMD EPYC, beside other work.
"""

from digitjax.config import Adam, Augment, Config, Data, MLPConfig, Training

config = Config(
    name="mlp",
    data=Data(name="mnist"),
    augment=Augment(shift=1),
    model=MLPConfig(dense=(512, 256), dropout=0.2),
    optimizer=Adam(lr=2e-3),
    training=Training(epochs=30, batch_size=128),
)
