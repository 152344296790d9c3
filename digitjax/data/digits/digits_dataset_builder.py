"""TFDS builder of scikit-learn's digits, resized to the form of MNIST."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from digitjax.data.digits import VERSION as _VERSION

_TEST_IMAGES = 360
"""Number of images in the test split: a fifth of the 1,797."""


class Builder(tfds.core.GeneratorBasedBuilder):
    """Images uint8 (28, 28, 1) with labels 0 to 9."""

    VERSION = tfds.core.Version(_VERSION)
    RELEASE_NOTES = {_VERSION: "First version."}

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Tensor(
                        shape=(28, 28, 1), dtype=np.uint8, encoding=tfds.features.Encoding.BYTES
                    ),
                    "label": tfds.features.ClassLabel(num_classes=10),
                }
            ),
            supervised_keys=("image", "label"),
            disable_shuffling=True,
            homepage="https://scikit-learn.org/stable/datasets/toy_dataset.html",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        order = np.random.default_rng(0).permutation(1797)
        return {
            "train": self._generate_examples(order >= _TEST_IMAGES),
            "test": self._generate_examples(order < _TEST_IMAGES),
        }

    def _generate_examples(self, selected: np.ndarray) -> Iterator[tuple[int, dict[str, Any]]]:
        from sklearn.datasets import load_digits

        digits = load_digits()
        images = enlarge(digits.images)
        for i in np.flatnonzero(selected):
            yield int(i), {"image": images[i, ..., None], "label": int(digits.target[i])}


def enlarge(counts: np.ndarray) -> np.ndarray:
    """Return 8x8 counts, float (n, 8, 8) from 0 to 16, in the form of MNIST, uint8 (n, 28, 28)."""
    weights = _interpolation(8, 20)
    enlarged = np.einsum("ih,nhw,jw->nij", weights, counts, weights)
    pixels = np.rint(enlarged * (255 / 16)).astype(np.uint8)
    return np.pad(pixels, ((0, 0), (4, 4), (4, 4)))


def _interpolation(size: int, new_size: int) -> np.ndarray:
    """Return the matrix (new_size, size) of linear interpolation between pixel centers, edges repeated."""
    centers = np.clip((np.arange(new_size) + 0.5) * size / new_size - 0.5, 0, size - 1)
    return np.maximum(0, 1 - np.abs(centers[:, None] - np.arange(size)))
