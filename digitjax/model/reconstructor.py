"""A trained autoencoder as functions of arrays: pictures to latents and back."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from digitjax.config import AutoencoderConfig, VAEConfig
from digitjax.data.pipeline import denormalize
from digitjax.errors import InputError
from digitjax.model.network import Network, Weights, load_weights
from digitjax.model.predictor import Predictor
from digitjax.model.training.objectives import cross_entropies, divergences, squared_errors
from digitjax.runs import Run


class Reconstructor:
    """An autoencoder with its weights."""

    def __init__(self, options: AutoencoderConfig | VAEConfig, weights: Weights):
        network = Network(options)
        self.latent = options.latent
        """Numbers that stand for a picture."""
        self.variational = isinstance(options, VAEConfig)
        """Whether the training drew the latents of all pictures towards a standard normal distribution."""
        self._weights = weights
        self._encode = Predictor(_Encoding(options))
        self._measure = Predictor(_Measuring(options))
        self._decode = jax.jit(lambda weights, latents: network.module(weights).decode(latents)[0])

    def encode(self, images: UInt8[np.ndarray, "n 28 28"]) -> Float[np.ndarray, "n latent"]:
        """Return the latent of each picture; of a variational autoencoder its mean."""
        return self._encode(self._weights, images)

    def decode(self, latents: Float[np.ndarray, "n latent"]) -> UInt8[np.ndarray, "n 28 28"]:
        """Return the picture that each latent stands for."""
        logits = self._decode(self._weights, jnp.asarray(latents, jnp.float32))
        ink = np.asarray(jax.nn.sigmoid(logits)).reshape(-1, 28, 28)
        return np.rint(255 * ink).astype(np.uint8)

    def measure(self, images: UInt8[np.ndarray, "n 28 28"]) -> dict[str, Float[np.ndarray, " n"]]:
        """Return how far each picture is from its reconstruction.

        Returns:
            `error`: mean squared error of the pixels, of ink from 0 to 1; `loss`: cross-entropy, in nats; and of a
            variational autoencoder `divergence`: that of its latent from the standard normal distribution, in nats.
        """
        columns = self._measure(self._weights, images).T
        return dict(zip(("error", "loss", "divergence"), columns, strict=False))


class _Encoding(Network):
    """The network with its latent in the place of its outputs."""

    def __call__(
        self, weights: Weights, images: Float[Array, "batch 28 28 1"]
    ) -> tuple[Float[Array, "batch latent"], dict[str, Array]]:
        _, intermediates = super().__call__(weights, images)
        return intermediates["latent"], intermediates


class _Measuring(Network):
    """The network with measures of its outputs in their place, which take less memory."""

    def __call__(
        self, weights: Weights, images: Float[Array, "batch 28 28 1"]
    ) -> tuple[Float[Array, "batch measures"], dict[str, Array]]:
        logits, intermediates = super().__call__(weights, images)
        ink = denormalize(images).reshape(len(images), -1)
        measures = [squared_errors(logits, ink), cross_entropies(logits, ink)]
        if "log_variance" in intermediates:
            measures.append(divergences(intermediates["mean"], intermediates["log_variance"]))
        return jnp.stack(measures, axis=1), intermediates


def load(run: Run, step: int | str = "best") -> tuple[Reconstructor, int]:
    """Load the autoencoder of a run.

    Args:
        run: a trained run.
        step: a step, `latest`, or `best` by validation loss.

    Returns:
        The autoencoder, and the step that was used.

    Raises:
        InputError: the run is damaged, has no checkpoint that can be used, or is of a classifier.
    """
    model = run.config.model
    if not isinstance(model, AutoencoderConfig | VAEConfig):
        raise InputError(
            f"{run.path}: its {model.kind} gives no pictures back: name a run of an autoencoder, "
            "or train one with `digitjax train autoencoder`"
        )
    used_step, weights = load_weights(run, Network(model), step)
    return Reconstructor(model, weights), used_step
