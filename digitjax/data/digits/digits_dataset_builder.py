"""TFDS builder of scikit-learn's digits in the form of MNIST."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from digitjax.data.digits import VERSION as _VERSION

_TEST_PICTURES = 360


class Builder(tfds.core.GeneratorBasedBuilder):
    """Pictures uint8 (28, 28, 1) with labels 0 to 9."""

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
            "train": self._generate_examples(order >= _TEST_PICTURES),
            "test": self._generate_examples(order < _TEST_PICTURES),
        }

    def _generate_examples(self, chosen: np.ndarray) -> Iterator[tuple[int, dict[str, Any]]]:
        from sklearn.datasets import load_digits

        digits = load_digits()
        images = enlarge(digits.images)
        for i in np.flatnonzero(chosen):
            yield int(i), {"image": images[i, ..., None], "label": int(digits.target[i])}


def enlarge(counts: np.ndarray) -> np.ndarray:
    """Bring 8x8 counts, float (n, 8, 8) from 0 to 16, to MNIST's form, uint8 (n, 28, 28)."""
    weights = _interpolation(8, 20)
    enlarged = np.einsum("ih,nhw,jw->nij", weights, counts, weights)
    pixels = np.rint(enlarged * (255 / 16)).astype(np.uint8)
    return np.pad(pixels, ((0, 0), (4, 4), (4, 4)))


def _interpolation(size: int, new_size: int) -> np.ndarray:
    """Matrix (new_size, size) of bilinear interpolation between pixel centres, edges repeated."""
    centres = np.clip((np.arange(new_size) + 0.5) * size / new_size - 0.5, 0, size - 1)
    return np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(size)))
