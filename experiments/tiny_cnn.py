"""As accurate as it gets with 23,354 parameters, on MNIST.

    digitjax train tiny_cnn

RESULT-TO-MEASURE
"""

from digitjax.config import Adam, Augment, Config, Data, TinyCNN, Training

config = Config(
    name="tiny_cnn",
    data=Data(name="mnist"),
    augment=Augment(shift=1),
    model=TinyCNN(),
    optimizer=Adam(lr=0.01),
    training=Training(epochs=15, batch_size=128, label_smoothing=0.05),
)
