"""The baseline CNN on scikit-learn's digits, which need no network."""

from digitjax.config import CNN, Config, Data, Training

config = Config(
    name="digits",
    data=Data(name="digits"),
    model=CNN(channels=(16, 32), dense=(64,)),
    training=Training(epochs=20, batch_size=64),
)
