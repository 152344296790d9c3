"""Attribution: how much each pixel supports or opposes a class."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from digitjax.visualization.explain.network import LogitsFunction

_STEPS = 128
"""Integration steps; the tests hold the sum of the attributions to the difference of the logits within 0.01."""
_PATCH = 5
"""Side of the occluded square in pixels, about twice the width of a stroke."""


def integrated_gradients(
    classifier: LogitsFunction,
    images: Float[Array, "n 28 28"],
    classes: Int[Array, " n"],
    steps: int = _STEPS,
) -> Float[Array, "n 28 28"]:
    """Return the contribution of each pixel to the logit of a class, relative to an empty image.

    Sundararajan, Taly and Yan (2017, arXiv 1703.01365), with the midpoint rule: the sum over the pixels approaches
    the difference of the two logits as `steps` grows.

    Args:
        classifier: the network.
        images: pixel intensities, 0 to 1.
        classes: the class to explain for each image.
        steps: gradients taken between the empty image and the given one.
    """
    gradient = jax.grad(lambda images: _class_logits(classifier, images, classes).sum())

    def add(total: Float[Array, "n 28 28"], share: Float[Array, ""]) -> tuple[Float[Array, "n 28 28"], None]:
        return total + gradient(share * images), None

    shares = (jnp.arange(steps) + 0.5) / steps
    total, _ = lax.scan(add, jnp.zeros_like(images), shares)
    return images * total / steps


def occlusion(
    classifier: LogitsFunction,
    images: Float[Array, "n 28 28"],
    classes: Int[Array, " n"],
    patch: int = _PATCH,
) -> Float[Array, "n 28 28"]:
    """Return the decrease of the logit of a class when the square around each pixel is blanked.

    Zeiler and Fergus (2014, arXiv 1311.2901).

    Args:
        classifier: the network.
        images: pixel intensities, 0 to 1.
        classes: the class to explain for each image.
        patch: side of the square in pixels, odd.
    """
    original = _class_logits(classifier, images, classes)
    radius = patch // 2
    rows = jnp.arange(28)

    def decrease(center: Int[Array, "2"]) -> Float[Array, " n"]:
        near_rows, near_columns = (jnp.abs(rows - center[i]) <= radius for i in (0, 1))
        occluded = jnp.where(near_rows[:, None] & near_columns, 0.0, images)
        return original - _class_logits(classifier, occluded, classes)

    centers = jnp.stack(jnp.meshgrid(rows, rows, indexing="ij"), axis=-1).reshape(-1, 2)
    return lax.map(decrease, centers).T.reshape(-1, 28, 28)


def _class_logits(
    classifier: LogitsFunction, images: Float[Array, "n 28 28"], classes: Int[Array, " n"]
) -> Float[Array, " n"]:
    return jnp.take_along_axis(classifier(images), classes[:, None], axis=1)[:, 0]
