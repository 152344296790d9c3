"""A convolutional autoencoder on MNIST: 16 numbers for a picture of 784 pixels.

    digitjax train autoencoder
    digitjax reconstruct autoencoder

RESULT-TO-MEASURE
"""

from digitjax.config import Adam, Autoencoder, Config, Data, Training

config = Config(
    name="autoencoder",
    data=Data(name="mnist"),
    model=Autoencoder(channels=(16, 32), latent=16),
    optimizer=Adam(lr=3e-3),
    training=Training(epochs=15, batch_size=128),
)
