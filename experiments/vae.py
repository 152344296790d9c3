"""A variational autoencoder on MNIST: pictures from noise, and a latent space without holes.

    digitjax train vae
    digitjax reconstruct vae

RESULT-TO-MEASURE
"""

from digitjax.config import VAE, Adam, Config, Data, Training

config = Config(
    name="vae",
    data=Data(name="mnist"),
    model=VAE(channels=(16, 32), latent=16, beta=1.0),
    optimizer=Adam(lr=3e-3),
    training=Training(epochs=15, batch_size=128),
)
