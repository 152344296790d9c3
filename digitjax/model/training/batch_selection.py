"""Online batch selection: hard images are shown more often (Loshchilov and Hutter 2016, arXiv 1511.06343).

After an epoch most images of MNIST are learned, and a step on them changes little. So each batch is chosen from
several times as many candidates, with probabilities that grow with the latest loss of each. An image is a candidate as
often as any other, so even the hardest one, whose label may be wrong, is shown about that many times per epoch at most.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32

UNSEEN = 1e6
"""Loss of an image before its first step: higher than any other, so that all images are seen first."""
_FLOOR = 1e-4
"""Lowest loss that probabilities are computed from, so that every candidate has a chance."""


def select(
    key: jax.Array, losses: Float[Array, " candidates"], weights: Float[Array, " candidates"], batch_size: int
) -> Int32[Array, " batch"]:
    """Draw a batch from candidates without replacement, with probabilities proportional to their losses.

    What counts is how far a loss is above the lowest of all candidates, since label smoothing keeps losses above 0.
    Adding Gumbel noise to logarithms and taking the largest is such a draw (Kool et al. 2019, arXiv 1903.06059).

    Args:
        key: random key.
        losses: latest loss of each candidate.
        weights: weight of each candidate in the loss; those of weight 0 come last.
        batch_size: number of candidates to draw.

    Returns:
        Positions of the drawn candidates, int32 (batch,).
    """
    priorities = jnp.log(jnp.maximum(losses - losses.min(), _FLOOR))
    priorities += jax.random.gumbel(key, losses.shape)
    _, positions = jax.lax.top_k(jnp.where(weights > 0, priorities, -jnp.inf), batch_size)
    return positions
