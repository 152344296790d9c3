"""Random arrays in programs that compile several times faster."""

from collections.abc import Callable
from math import prod
from typing import Any

import jax
from jax import Array


def draw(sample: Callable[..., Array], key: jax.Array, shape: tuple[int, ...], **options: Any) -> Array:
    """Draw what `sample(key, shape, **options)` returns, number for number.

    On a CPU, XLA takes up to three seconds to compile a function of `jax.random` for several axes, and a fraction of
    that for one. So the numbers are drawn along one axis and then get their shape.

    Args:
        sample: a function of `jax.random`.
        key: random key.
        shape: of the result.
        options: other arguments of `sample`.

    Returns:
        An array of this shape.
    """
    return sample(key, (prod(shape),), **options).reshape(shape)
