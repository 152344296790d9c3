"""The baseline CNN on scikit-learn's digits, which need no download.

    digitjax train digits

Test accuracy 98.15 % ± 0.16 (mean and standard deviation of seeds 0, 1, 2; 360 images), in 10 to 19 s of training on
2 cores of an AMD EPYC without AVX-512, the first with compilation.
"""

from digitjax.config import CNNConfig, Config, Data, Training

config = Config(
    name="digits",
    data=Data(name="digits"),
    model=CNNConfig(channels=(16, 32), dense=(64,)),
    training=Training(epochs=20, batch_size=64),
)
