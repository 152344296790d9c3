"""Pictures that a classifier is sure of: what it likes best for a digit, and the least edit that changes its mind."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from digitjax.visualization.explain.network import LogitsOfInk

_BLUR = (0.05, 0.9, 0.05)


def activation_maximization(
    classifier: LogitsOfInk, digits: Int[Array, " n"], steps: int = 200, seed: int = 0
) -> Float[Array, "n 28 28"]:
    """Return for each digit a picture, as ink, that the classifier finds most like it.

    Gradient ascent on the digit's logit above the mean of all from faint noise. A little blur at each step keeps
    strokes and takes out what no pen draws (Yosinski et al. 2015, arXiv 1506.06579), and the picture is moved by up to
    two pixels before it is looked at, so that it holds where strokes are and not which pixels (Olah et al. 2017).
    """
    rows = jnp.arange(len(digits))

    def loss(ink: Float[Array, "n 28 28"], move: Int[Array, "2"]) -> Float[Array, ""]:
        logits = classifier(jnp.roll(ink, move, axis=(1, 2)))
        return 0.01 * ink.sum() - (logits[rows, digits] - logits.mean(axis=1)).sum()

    optimizer = optax.adam(0.05)

    def step(
        carry: tuple[Array, optax.OptState], move: Int[Array, "2"]
    ) -> tuple[tuple[Array, optax.OptState], None]:
        ink, state = carry
        update, state = optimizer.update(jax.grad(loss)(ink, move), state)
        return (_blurred(ink + update).clip(0, 1), state), None

    start_key, move_key = jax.random.split(jax.random.key(seed))
    start = jax.random.uniform(start_key, (len(digits), 28, 28), maxval=0.1)
    moves = jax.random.randint(move_key, (steps, 2), -2, 3)
    (ink, _), _ = lax.scan(step, (start, optimizer.init(start)), moves)
    return ink


class Edit(NamedTuple):
    """A picture, and what would have to change for another answer."""

    ink: Float[Array, "n 28 28"]
    """The edited pictures."""
    found: Bool[Array, " n"]
    """Whether the classifier reads the wanted digit in it."""
    size: Float[Array, " n"]
    """Euclidean length of the edit, in ink."""


def counterfactual(
    classifier: LogitsOfInk, ink: Float[Array, "n 28 28"], wanted: Int[Array, " n"], steps: int = 300
) -> Edit:
    """Return pictures near the given ones in which the classifier reads the wanted digits.

    After Carlini and Wagner (2017, arXiv 1608.04644): gradient descent on the length of the edit, plus what the wanted
    logit lacks to the highest other one; of all steps the shortest edit that is enough is kept.

    Args:
        classifier: what is to change its mind.
        ink: the pictures.
        wanted: of each picture, the digit that is to be read.
        steps: of gradient descent.
    """
    rows, margin = jnp.arange(len(wanted)), 0.1

    def lacking(edited: Float[Array, "n 28 28"]) -> Float[Array, " n"]:
        logits = classifier(edited)
        others = logits.at[rows, wanted].set(-jnp.inf).max(axis=1)
        return others - logits[rows, wanted]

    def loss(edited: Float[Array, "n 28 28"]) -> Float[Array, ""]:
        return (_length(edited - ink) ** 2 + 2 * jnp.maximum(lacking(edited) + margin, 0)).sum()

    optimizer = optax.adam(0.02)

    def step(
        carry: tuple[Array, optax.OptState, Edit], _: None
    ) -> tuple[tuple[Array, optax.OptState, Edit], None]:
        edited, state, best = carry
        update, state = optimizer.update(jax.grad(loss)(edited), state)
        edited = (edited + update).clip(0, 1)
        enough, size = lacking(edited) < 0, _length(edited - ink)
        better = enough & (size < best.size)
        kept = Edit(
            jnp.where(better[:, None, None], edited, best.ink),
            best.found | enough,
            jnp.where(better, size, best.size),
        )
        return (edited, state, kept), None

    none = Edit(ink, jnp.zeros(len(ink), bool), jnp.full(len(ink), jnp.inf))
    (_, _, best), _ = lax.scan(step, (ink, optimizer.init(ink), none), length=steps)
    return best


def _length(edits: Float[Array, "n 28 28"]) -> Float[Array, " n"]:
    """Return Euclidean lengths, whose gradient at 0 is 0."""
    return jnp.sqrt((edits**2).sum(axis=(1, 2)) + 1e-12)


def _blurred(ink: Float[Array, "n 28 28"]) -> Float[Array, "n 28 28"]:
    kernel = jnp.array(_BLUR)
    kernel2 = jnp.outer(kernel, kernel)[None, None]
    return lax.conv(ink[:, None], kernel2, (1, 1), "SAME")[:, 0]
