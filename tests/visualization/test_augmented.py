"""Augmented examples are those of the training step."""

import jax
import jax.numpy as jnp
import numpy as np

from digitjax.config import Augment
from digitjax.data.augment import augment
from digitjax.data.pipeline import Split
from digitjax.visualization.augmented import augmented_rows, describe_augmentation

LABELS = np.array([7, 3, 7, 3, 0], np.int32)


def split() -> Split:
    return Split(np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype(np.uint8), LABELS)


def test_a_row_holds_the_first_image_of_a_digit_and_its_augmentations():
    rows = augmented_rows(split(), Augment(shift=3), seed=1, count=4)
    assert [row.label for row in rows] == ["0", "3", "7"]
    for row, place in zip(rows, (4, 1, 0), strict=True):
        image, *augmented = row.images
        np.testing.assert_array_equal(image, split().images[place])
        assert len(augmented) == 4
        assert len({image.tobytes() for image in augmented}) > 1


def test_they_are_those_of_the_training_step_for_the_same_seed():
    options = Augment(shift=2, rotation=20.0, glyph_variants=1.0)
    first, again, other = (augmented_rows(split(), options, seed, 2) for seed in (1, 1, 2))
    augmented = np.concatenate([row.images[1:] for row in first])
    np.testing.assert_array_equal(augmented, np.concatenate([row.images[1:] for row in again]))
    assert (augmented != np.concatenate([row.images[1:] for row in other])).any()
    places = np.repeat([4, 1, 0], 2)
    expected = augment(
        jax.random.key(1), jnp.asarray(split().images[places]), jnp.asarray(LABELS[places]), options
    )
    np.testing.assert_array_equal(augmented, np.asarray(expected))


def test_options_are_named_as_in_the_config():
    assert describe_augmentation(Augment()) == ""
    assert (
        describe_augmentation(Augment(shift=2, rotation=10.0, reframe=True))
        == "shift 2, rotation 10.0, reframe True"
    )
