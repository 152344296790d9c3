"""Attribution: how much each pixel of a picture speaks for a digit."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from digitjax.visualization.explain.network import LogitsOfInk

_STEPS = 128
_PATCH = 5


def integrated_gradients(
    classifier: LogitsOfInk, ink: Float[Array, "n 28 28"], digits: Int[Array, " n"], steps: int = _STEPS
) -> Float[Array, "n 28 28"]:
    """Return how much of a digit's logit each pixel adds to that of an empty picture.

    After Sundararajan, Taly and Yan (2017, arXiv 1703.01365), with the midpoint rule: the sum over the pixels nears
    the difference of the two logits as `steps` grow.

    Args:
        classifier: what is asked.
        ink: the pictures.
        digits: of each picture, the digit that is asked about.
        steps: places on the way from the empty picture at which the gradient is taken.
    """
    gradient = jax.grad(lambda ink: _logits_of(classifier, ink, digits).sum())

    def add(total: Float[Array, "n 28 28"], share: Float[Array, ""]) -> tuple[Float[Array, "n 28 28"], None]:
        return total + gradient(share * ink), None

    shares = (jnp.arange(steps) + 0.5) / steps
    total, _ = lax.scan(add, jnp.zeros_like(ink), shares)
    return ink * total / steps


def occlusion(
    classifier: LogitsOfInk, ink: Float[Array, "n 28 28"], digits: Int[Array, " n"], patch: int = _PATCH
) -> Float[Array, "n 28 28"]:
    """Return by how much a digit's logit falls when the square around each pixel is blanked.

    After Zeiler and Fergus (2014, arXiv 1311.2901).

    Args:
        classifier: what is asked.
        ink: the pictures.
        digits: of each picture, the digit that is asked about.
        patch: side of the square, odd.
    """
    before = _logits_of(classifier, ink, digits)
    reach = patch // 2
    rows = jnp.arange(28)

    def fall(place: Int[Array, "2"]) -> Float[Array, " n"]:
        near_rows, near_columns = (jnp.abs(rows - place[i]) <= reach for i in (0, 1))
        blanked = jnp.where(near_rows[:, None] & near_columns, 0.0, ink)
        return before - _logits_of(classifier, blanked, digits)

    places = jnp.stack(jnp.meshgrid(rows, rows, indexing="ij"), axis=-1).reshape(-1, 2)
    return lax.map(fall, places).T.reshape(-1, 28, 28)


def _logits_of(
    classifier: LogitsOfInk, ink: Float[Array, "n 28 28"], digits: Int[Array, " n"]
) -> Float[Array, " n"]:
    return jnp.take_along_axis(classifier(ink), digits[:, None], axis=1)[:, 0]
