"""A small residual network on MNIST.

    digitjax train resnet

Test accuracy 99.55 % ± 0.09 (99.51, 99.66 and 99.49 for seeds 0, 1 and 2; validation 99.44 % ± 0.08), in 373 s of
training at most on 2 cores of an AMD EPYC, beside other work.
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
