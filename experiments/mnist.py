"""The baseline CNN on MNIST.

    digitjax train mnist

Test accuracy 99.42 % ± 0.03 (mean and standard deviation of seeds 0, 1, 2; the best checkpoint on the 6,000
validation images), in 82 to 86 s of training on 2 cores of an AMD EPYC.
"""

from digitjax.config import Adam, Augment, CNNConfig, Config, Data, Training

config = Config(
    name="mnist",
    data=Data(name="mnist"),
    augment=Augment(shift=2),
    model=CNNConfig(channels=(32, 64), dense=(128,), dropout=0.3),
    optimizer=Adam(lr=3e-3),
    training=Training(epochs=10, batch_size=128),
)
