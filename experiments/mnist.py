"""The baseline CNN on MNIST."""

from digitjax.config import CNN, Adam, Config, Data, Training

config = Config(
    name="mnist",
    data=Data(name="mnist"),
    model=CNN(channels=(32, 64), dense=(128,), dropout=0.3),
    optimizer=Adam(lr=3e-3),
    training=Training(epochs=8, batch_size=128),
)
