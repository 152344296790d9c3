"""Optimized inputs of a classifier: activation maximization and counterfactuals."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from digitjax.visualization.explain.network import LogitsFunction

_BLUR = (0.05, 0.9, 0.05)
"""Blur kernel of a row or column, applied after each step of activation maximization."""


def activation_maximization(
    classifier: LogitsFunction, classes: Int[Array, " n"], steps: int = 200, seed: int = 0
) -> Float[Array, "n 28 28"]:
    """Return an image for each class that maximizes its logit, optimized from faint noise.

    Gradient ascent on the logit of the class minus the mean of all logits. A slight blur after each step suppresses
    high frequencies (Yosinski et al. 2015, arXiv 1506.06579), and a random shift of up to two pixels before each step
    makes the image independent of exact positions (Olah et al. 2017).

    Args:
        classifier: the network.
        classes: the class of each image.
        steps: of gradient ascent.
        seed: of the noise and the shifts.

    Returns:
        Pixel intensities, 0 to 1.
    """
    rows = jnp.arange(len(classes))

    def loss(images: Float[Array, "n 28 28"], shift: Int[Array, "2"]) -> Float[Array, ""]:
        logits = classifier(jnp.roll(images, shift, axis=(1, 2)))
        return 0.01 * images.sum() - (logits[rows, classes] - logits.mean(axis=1)).sum()

    optimizer = optax.adam(0.05)

    def step(
        carry: tuple[Array, optax.OptState], shift: Int[Array, "2"]
    ) -> tuple[tuple[Array, optax.OptState], None]:
        images, state = carry
        update, state = optimizer.update(jax.grad(loss)(images, shift), state)
        return (_blur(images + update).clip(0, 1), state), None

    noise_key, shift_key = jax.random.split(jax.random.key(seed))
    noise = jax.random.uniform(noise_key, (len(classes), 28, 28), maxval=0.1)
    shifts = jax.random.randint(shift_key, (steps, 2), -2, 3)
    (images, _), _ = lax.scan(step, (noise, optimizer.init(noise)), shifts)
    return images


class Counterfactual(NamedTuple):
    """Images changed as little as possible so that the classifier predicts other classes."""

    images: Float[Array, "n 28 28"]
    """Pixel intensities, 0 to 1; unchanged where no counterfactual was found."""
    found: Bool[Array, " n"]
    """Whether the classifier predicts the target class."""
    distance: Float[Array, " n"]
    """L2 norm of the change; infinite where no counterfactual was found."""


def counterfactual(
    classifier: LogitsFunction, images: Float[Array, "n 28 28"], targets: Int[Array, " n"], steps: int = 300
) -> Counterfactual:
    """Find images near the given ones for which the classifier predicts the target classes.

    Carlini and Wagner (2017, arXiv 1608.04644): gradient descent on the squared L2 norm of the change plus the margin
    by which the target logit falls short of the highest other logit.

    Args:
        classifier: the network.
        images: pixel intensities, 0 to 1.
        targets: the class to reach for each image.
        steps: of gradient descent.

    Returns:
        The smallest successful change of all steps, for each image.
    """
    rows, confidence_margin = jnp.arange(len(targets)), 0.1

    def shortfall(edited: Float[Array, "n 28 28"]) -> Float[Array, " n"]:
        logits = classifier(edited)
        others = logits.at[rows, targets].set(-jnp.inf).max(axis=1)
        return others - logits[rows, targets]

    def loss(edited: Float[Array, "n 28 28"]) -> Float[Array, ""]:
        return (_norm(edited - images) ** 2 + 2 * jnp.maximum(shortfall(edited) + confidence_margin, 0)).sum()

    optimizer = optax.adam(0.02)

    def step(
        carry: tuple[Array, optax.OptState, Counterfactual], _: None
    ) -> tuple[tuple[Array, optax.OptState, Counterfactual], None]:
        edited, state, best = carry
        update, state = optimizer.update(jax.grad(loss)(edited), state)
        edited = (edited + update).clip(0, 1)
        success, distance = shortfall(edited) < 0, _norm(edited - images)
        better = success & (distance < best.distance)
        best = Counterfactual(
            jnp.where(better[:, None, None], edited, best.images),
            best.found | success,
            jnp.where(better, distance, best.distance),
        )
        return (edited, state, best), None

    none = Counterfactual(images, jnp.zeros(len(images), bool), jnp.full(len(images), jnp.inf))
    (_, _, best), _ = lax.scan(step, (images, optimizer.init(images), none), length=steps)
    return best


def _norm(changes: Float[Array, "n 28 28"]) -> Float[Array, " n"]:
    """Return L2 norms, whose gradient at 0 is 0."""
    return jnp.sqrt((changes**2).sum(axis=(1, 2)) + 1e-12)


def _blur(images: Float[Array, "n 28 28"]) -> Float[Array, "n 28 28"]:
    kernel = jnp.array(_BLUR)
    kernel2 = jnp.outer(kernel, kernel)[None, None]
    return lax.conv(images[:, None], kernel2, (1, 1), "SAME")[:, 0]
