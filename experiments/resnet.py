"""A small residual network on MNIST.

    digitjax train resnet

Test accuracy 99.41 % (seed 0; validation 99.42 %), in 318 s of training on one core of an AMD EPYC, beside other
work.
"""

from digitjax.config import Adam, Augment, Config, Data, ResNetConfig, Training

config = Config(
    name="resnet",
    data=Data(name="mnist"),
    augment=Augment(shift=1),
    model=ResNetConfig(),
    optimizer=Adam(lr=3e-3),
    training=Training(epochs=12, batch_size=128, label_smoothing=0.05),
)
