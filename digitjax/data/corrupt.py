"""Spoilt copies of pictures: seeded, made in chunks, and cached once a data set.

The corruptions are in `digitjax.data.corruptions`, our own after MNIST-C: figures are not comparable with those of its
published files.
"""

import hashlib
from collections.abc import Callable
from functools import cache as memoize

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt8

from digitjax.data import cache
from digitjax.data.corruptions import CORRUPTIONS, SEVERITIES, VERSION
from digitjax.errors import InputError

_CHUNK = 500  # pictures at once; the last are filled up, so that a picture does not depend on how many follow


def corrupt(
    images: UInt8[np.ndarray, "n 28 28"], name: str, severity: int, seed: int = 0
) -> UInt8[np.ndarray, "n 28 28"]:
    """Return the pictures spoilt in one of the ways in `CORRUPTIONS`. A pure function of its arguments.

    Raises:
        InputError: there is no such corruption or severity.
    """
    if severity not in SEVERITIES:
        raise InputError(f"there is no severity {severity}: choose one of 1, 2, 3")
    return corrupt_all_severities(images, name, seed)[SEVERITIES.index(severity)]


def corrupt_all_severities(
    images: UInt8[np.ndarray, "n 28 28"], name: str, seed: int = 0
) -> UInt8[np.ndarray, "3 n 28 28"]:
    """Return the pictures spoilt in one way in each severity, for little more than the cost of one.

    Raises:
        InputError: there is no such corruption.
    """
    if name not in CORRUPTIONS:
        raise InputError(f"there is no corruption {name!r}: choose one of {', '.join(CORRUPTIONS)}")
    key, chunks = jax.random.key(seed), [np.zeros((len(SEVERITIES), 0, 28, 28), np.uint8)]
    for start in range(0, len(images), _CHUNK):
        chunk = images[start : start + _CHUNK]
        filled = np.concatenate([chunk, np.zeros((_CHUNK - len(chunk), 28, 28), np.uint8)])
        spoilt = _compiled(name)(jax.random.fold_in(key, start), filled)
        chunks.append(np.asarray(spoilt)[:, : len(chunk)])
    return np.concatenate(chunks, axis=1)


@memoize
def _compiled(name: str) -> Callable[[jax.Array, np.ndarray], Array]:
    """Compile one corruption in all severities together, which share what they draw."""

    def all_severities(key: jax.Array, images: UInt8[Array, "n 28 28"]) -> UInt8[Array, "3 n 28 28"]:
        return jnp.stack([CORRUPTIONS[name](key, images, severity) for severity in SEVERITIES])

    return jax.jit(all_severities)


def load(images: UInt8[np.ndarray, "n 28 28"], name: str) -> UInt8[np.ndarray, "3 n 28 28"]:
    """Return what `corrupt_all_severities` makes with seed 0, kept in the cache and mapped into memory.

    The pictures themselves decide the place in the cache, and so the data set and the split do. For 10,000
    pictures all 15 take 14 s to compile and make and 0.3 s to read, on two cores: 350 MB, in a file a corruption.

    Raises:
        InputError: there is no such corruption, or the cache cannot be written.
    """
    digest = hashlib.sha256(np.ascontiguousarray(images).data).hexdigest()
    arrays, _ = cache.load(
        f"corrupted-{VERSION}-{digest[:16]}-{name}",
        lambda _: {"images": corrupt_all_severities(images, name)},
        ("images",),
    )
    return arrays["images"]
