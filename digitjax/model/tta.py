"""Views: several ways to look at one picture, over which probabilities are averaged when predicting."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import jax.numpy as jnp
from jaxtyping import Array, UInt8

from digitjax.errors import InputError

Transform = Callable[[UInt8[Array, "n 28 28"]], UInt8[Array, "n 28 28"]]
"""A pure function that can be traced by `jax.jit`."""


def as_is(images: UInt8[Array, "n 28 28"]) -> UInt8[Array, "n 28 28"]:
    """Return the pictures unchanged."""
    return images


def shift(images: UInt8[Array, "n 28 28"], down: int, right: int) -> UInt8[Array, "n 28 28"]:
    """Move pictures by whole pixels; what comes in is dark."""
    padded = jnp.pad(images, ((0, 0), (max(down, 0), max(-down, 0)), (max(right, 0), max(-right, 0))))
    top, left = max(-down, 0), max(-right, 0)
    return padded[:, top : top + 28, left : left + 28]


TRANSFORMS: Mapping[str, Sequence[Transform]] = {
    "none": (as_is,),
    "shifts": (
        as_is,
        *(partial(shift, down=d, right=r) for d, r in ((-1, 0), (1, 0), (0, -1), (0, 1))),
    ),
}
"""`none`: the picture as it is. `shifts`: also moved by a pixel in each of the four directions."""


def find_transforms(name: str) -> Sequence[Transform]:
    """Return the transforms of that name.

    Raises:
        InputError: there are none.
    """
    if name not in TRANSFORMS:
        raise InputError(
            f"there is no test-time augmentation {name!r}: choose one of {', '.join(TRANSFORMS)}"
        )
    return TRANSFORMS[name]
