"""A small CNN of 23,354 parameters on MNIST, optimized for accuracy.

    digitjax train tiny_cnn

Test accuracy 99.60 % ± 0.05 (mean and standard deviation of seeds 0, 1, 2: 99.66, 99.57, 99.58), validation 99.48 %
± 0.02, in 418 s of training (the fastest of the three) on 2 cores of an AMD EPYC, beside other work.
"""

from digitjax.config import Adam, Augment, Config, Data, TinyCNNConfig, Training

config = Config(
    name="tiny_cnn",
    data=Data(name="mnist"),
    augment=Augment(shift=1),
    model=TinyCNNConfig(),
    optimizer=Adam(lr=0.01),
    training=Training(epochs=20, batch_size=128, label_smoothing=0.05),
)
