"""The most accurate model that two CPU cores train on MNIST in minutes, and an ensemble of three seeds.

    digitjax train mnist_best --seeds 3
    digitjax evaluate mnist_best --tta shifts
    digitjax ensemble best-of-three mnist_best
    digitjax evaluate best-of-three --tta shifts

Measured on 2 cores of an AMD EPYC, busy with other work: 463 ± 92 s of training a seed. Test accuracy of seeds 0, 1,
2: 99.65 % ± 0.04 (99.62, 99.65, 99.69); with test-time augmentation (five shifts) 99.69 % ± 0.04 (99.65, 99.72,
99.71); the ensemble 99.68 %, with test-time augmentation 99.70 %. Selected among four recipes by validation accuracy,
then trained on all 60,000 images.
"""

from digitjax.config import Adam, Augment, Config, Data, FastCNNConfig, Schedule, Training

config = Config(
    name="mnist_best",
    data=Data(name="mnist", refit=True),
    augment=Augment(shift=1, rotation=10.0, scale=0.1, shear=10.0, elastic=0.4),
    model=FastCNNConfig(channels=(48, 96, 192)),
    optimizer=Adam(lr=6e-3, b1=0.9, b2=0.99),
    schedule=Schedule(shape="linear"),
    training=Training(epochs=20, batch_size=128, label_smoothing=0.05, ema=0.998),
)
