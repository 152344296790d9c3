"""Trained autoencoders as functions of arrays: from images to latent vectors and back."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from digitjax.config import AutoencoderConfig, VAEConfig
from digitjax.data.normalize import denormalize
from digitjax.errors import InputError
from digitjax.model.network import Network, Weights, load_weights
from digitjax.model.predictor import Predictor
from digitjax.model.training.objectives import cross_entropies, divergences, squared_errors
from digitjax.runs import Run


class Reconstructor:
    """An autoencoder with its weights."""

    def __init__(self, config: AutoencoderConfig | VAEConfig, weights: Weights):
        network = Network(config)
        self.latent = config.latent
        """Dimensions of the latent space."""
        self.variational = isinstance(config, VAEConfig)
        """Whether it is variational: the latent vectors of images then follow about a standard normal distribution."""
        self._weights = weights
        self._encode = Predictor(_LatentNetwork(config))
        self._measure = Predictor(_ErrorNetwork(config))
        self._decode = jax.jit(lambda weights, latents: network.module(weights).decode(latents)[0])

    def encode(self, images: UInt8[np.ndarray, "n 28 28"]) -> Float[np.ndarray, "n latent"]:
        """Return the latent vector of each image, float32 (n, latent); the mean for a variational autoencoder."""
        return self._encode(self._weights, images)

    def decode(self, latents: Float[np.ndarray, "n latent"]) -> UInt8[np.ndarray, "n 28 28"]:
        """Return the image of each latent vector, uint8 (n, 28, 28)."""
        logits = self._decode(self._weights, jnp.asarray(latents, jnp.float32))
        intensities = np.asarray(jax.nn.sigmoid(logits)).reshape(-1, 28, 28)
        return np.rint(255 * intensities).astype(np.uint8)

    def measure(self, images: UInt8[np.ndarray, "n 28 28"]) -> dict[str, Float[np.ndarray, " n"]]:
        """Compare each image with its reconstruction.

        Returns:
            `error`: mean squared error of the intensities, 0 to 1; `loss`: cross-entropy in nats; and for a
            variational autoencoder `divergence`: that from the standard normal distribution, in nats; each (n,).
        """
        columns = self._measure(self._weights, images).T
        return dict(zip(("error", "loss", "divergence"), columns, strict=False))


class _LatentNetwork(Network):
    """An autoencoder whose outputs are its latent vectors."""

    def __call__(
        self, weights: Weights, images: Float[Array, "batch 28 28 1"]
    ) -> tuple[Float[Array, "batch latent"], dict[str, Array]]:
        _, intermediates = super().__call__(weights, images)
        return intermediates["latent"], intermediates


class _ErrorNetwork(Network):
    """An autoencoder whose outputs are its errors, which take less memory than reconstructions."""

    def __call__(
        self, weights: Weights, images: Float[Array, "batch 28 28 1"]
    ) -> tuple[Float[Array, "batch errors"], dict[str, Array]]:
        logits, intermediates = super().__call__(weights, images)
        targets = denormalize(images).reshape(len(images), -1)
        errors = [squared_errors(logits, targets), cross_entropies(logits, targets)]
        if "log_variance" in intermediates:
            errors.append(divergences(intermediates["mean"], intermediates["log_variance"]))
        return jnp.stack(errors, axis=1), intermediates


def load(run: Run, step: int | str = "best") -> tuple[Reconstructor, int]:
    """Load the autoencoder of a run.

    Args:
        run: a trained run.
        step: a step, `latest`, or `best` by validation loss.

    Returns:
        The autoencoder, and its step.

    Raises:
        InputError: the run is damaged, has no usable checkpoint, or is a classifier.
    """
    model = run.config.model
    if not isinstance(model, AutoencoderConfig | VAEConfig):
        raise InputError(
            f"{run.path}: its {model.kind} is not an autoencoder: name a run of one, "
            "or train one with `digitjax train autoencoder`"
        )
    used_step, weights = load_weights(run, Network(model), step)
    return Reconstructor(model, weights), used_step
