"""Test-time augmentation: transforms of an image over which its predicted probabilities are averaged."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import jax.numpy as jnp
from jaxtyping import Array, UInt8

from digitjax.errors import InputError

Transform = Callable[[UInt8[Array, "n 28 28"]], UInt8[Array, "n 28 28"]]
"""A pure function of images that `jax.jit` can trace."""


def identity(images: UInt8[Array, "n 28 28"]) -> UInt8[Array, "n 28 28"]:
    """Return the images unchanged."""
    return images


def shift(images: UInt8[Array, "n 28 28"], down: int, right: int) -> UInt8[Array, "n 28 28"]:
    """Translate images by whole pixels and fill up with zeros.

    Args:
        images: uint8 (n, 28, 28).
        down: rows to move down; negative moves up.
        right: columns to move right; negative moves left.

    Returns:
        Images, uint8 (n, 28, 28).
    """
    padded = jnp.pad(images, ((0, 0), (max(down, 0), max(-down, 0)), (max(right, 0), max(-right, 0))))
    top, left = max(-down, 0), max(-right, 0)
    return padded[:, top : top + 28, left : left + 28]


TRANSFORMS: Mapping[str, Sequence[Transform]] = {
    "none": (identity,),
    "shifts": (
        identity,
        *(partial(shift, down=d, right=r) for d, r in ((-1, 0), (1, 0), (0, -1), (0, 1))),
    ),
}
"""`none`: the image alone. `shifts`: the image and its translations by a pixel in each of four directions."""


def find_transforms(name: str) -> Sequence[Transform]:
    """Return the transforms of a kind of test-time augmentation.

    Raises:
        InputError: there are none.
    """
    if name not in TRANSFORMS:
        raise InputError(
            f"there is no test-time augmentation {name!r}: choose one of {', '.join(TRANSFORMS)}"
        )
    return TRANSFORMS[name]
