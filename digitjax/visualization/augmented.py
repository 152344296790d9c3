"""What the training meets in place of its pictures: the augmentation of a run, made visible."""

import jax
import jax.numpy as jnp
import numpy as np

from digitjax.config import Augment
from digitjax.data.augment import augment
from digitjax.data.pipeline import Split
from digitjax.visualization.grid import Row


def augmented(split: Split, options: Augment, seed: int, count: int = 8) -> list[Row]:
    """Return a row for each digit: its first picture in a split, then `count` pictures that a step may make of it.

    They are drawn by the very function that the training step calls, before its normalisation.
    """
    digits, places = np.unique(split.labels, return_index=True)
    images, labels = (np.repeat(array[places], count, axis=0) for array in (split.images, split.labels))
    key = jax.random.key(seed)
    drawn = np.asarray(augment(key, jnp.asarray(images), jnp.asarray(labels), options))
    changed = drawn.reshape(len(digits), count, *drawn.shape[1:])
    return [
        Row(str(digit), np.concatenate([split.images[place][None], changed[i]]))
        for i, (digit, place) in enumerate(zip(digits, places, strict=True))
    ]


def describe(options: Augment) -> str:
    """Name what the options ask for, as the config does: `shift 2, rotation 10.0`; nothing for none."""
    return ", ".join(
        f"{name} {value}" for name, value in vars(options).items() if value != getattr(Augment(), name)
    )
