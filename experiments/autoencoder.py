"""A convolutional autoencoder on MNIST, with a latent vector of 16 numbers for 784 pixels.

    digitjax train autoencoder
    digitjax reconstruct autoencoder

Test error 0.00836 ± 0.00005 (mean squared, of intensities from 0 to 1; mean and standard deviation of seeds 0, 1, 2),
in 278 s of training at most on 2 cores of an AMD EPYC, beside other work.
"""

from digitjax.config import Adam, AutoencoderConfig, Config, Data, Training

config = Config(
    name="autoencoder",
    data=Data(name="mnist"),
    model=AutoencoderConfig(channels=(16, 32), latent=16),
    optimizer=Adam(lr=3e-3),
    training=Training(epochs=15, batch_size=128),
)
