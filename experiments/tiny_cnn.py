"""A small CNN of 23,354 parameters on MNIST, optimized for accuracy.

    digitjax train tiny_cnn

Test accuracy 99.63 % (seed 0; validation 99.43 %), in 560 s of training on one core of an AMD EPYC, beside other work.
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
