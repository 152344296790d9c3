"""LeNet-5 of 1998 on MNIST, with today's optimizer and shifted pictures.

    digitjax train lenet5

RESULT-TO-MEASURE
"""

from digitjax.config import Adam, Augment, Config, Data, LeNet5, Training

config = Config(
    name="lenet5",
    data=Data(name="mnist"),
    augment=Augment(shift=1),
    model=LeNet5(),
    optimizer=Adam(lr=3e-3),
    training=Training(epochs=15, batch_size=128),
)
