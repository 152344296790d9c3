"""Examples of the augmentation of a run."""

import jax
import jax.numpy as jnp
import numpy as np

from digitjax.config import Augment
from digitjax.data.augment import augment
from digitjax.data.pipeline import Split
from digitjax.visualization.grid import Row


def augmented_rows(split: Split, options: Augment, seed: int, count: int = 8) -> list[Row]:
    """Return a row for each digit: its first image in a split, followed by random augmentations of it.

    The augmentations come from the function that the training step calls, before normalization.

    Args:
        split: the images and their labels.
        options: the augmentation.
        seed: of the random augmentations.
        count: augmentations of each image.
    """
    digits, places = np.unique(split.labels, return_index=True)
    images, labels = (np.repeat(array[places], count, axis=0) for array in (split.images, split.labels))
    key = jax.random.key(seed)
    augmented = np.asarray(augment(key, jnp.asarray(images), jnp.asarray(labels), options))
    by_digit = augmented.reshape(len(digits), count, *augmented.shape[1:])
    return [
        Row(str(digit), np.concatenate([split.images[place][None], by_digit[i]]))
        for i, (digit, place) in enumerate(zip(digits, places, strict=True))
    ]


def describe_augmentation(options: Augment) -> str:
    """Return the options that differ from their defaults, such as `shift 2, rotation 10.0`; empty if none does."""
    return ", ".join(
        f"{name} {value}" for name, value in vars(options).items() if value != getattr(Augment(), name)
    )
