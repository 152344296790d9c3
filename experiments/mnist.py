"""A small CNN on MNIST: accurate after a few seconds.

    digitjax train mnist

Test accuracy 99.60 % ± 0.04 (mean and standard deviation of seeds 0, 1, 2; the best checkpoint on the 6,000
validation images), with test-time augmentation (five shifts) 99.63 % ± 0.02. The command takes 37 to 46 s on 2 cores
of an AMD EPYC without AVX-512.
"""

from digitjax.config import Adam, Augment, Config, Data, FastCNNConfig, Schedule, Training

config = Config(
    name="mnist",
    data=Data(name="mnist"),
    augment=Augment(shift=1, rotation=15.0, scale=0.15, shear=15.0),
    model=FastCNNConfig(channels=(24, 48, 96)),
    optimizer=Adam(lr=0.02, b1=0.7, b2=0.9),
    schedule=Schedule(shape="linear", warmup=0.2),
    training=Training(epochs=4, batch_size=128, candidates=3, label_smoothing=0.05),
)
