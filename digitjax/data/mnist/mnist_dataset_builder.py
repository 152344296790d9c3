"""TFDS builder of MNIST that reads the official IDX files itself, so that TensorFlow is not needed."""

import gzip
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from digitjax.data.mnist import VERSION as _VERSION

_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
_FILES = {
    "train_images": "train-images-idx3-ubyte.gz",
    "train_labels": "train-labels-idx1-ubyte.gz",
    "test_images": "t10k-images-idx3-ubyte.gz",
    "test_labels": "t10k-labels-idx1-ubyte.gz",
}
_HEAD_TIMEOUT = 5
"""Seconds to wait for the server before a download is given up."""


class Builder(tfds.core.GeneratorBasedBuilder):
    """Images uint8 (28, 28, 1) with labels 0 to 9."""

    VERSION = tfds.core.Version(_VERSION)
    RELEASE_NOTES = {_VERSION: "The images of TFDS's mnist 3.0.1, stored raw."}

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
            disable_shuffling=True,  # images are identified by their index in the official files
            homepage="https://yann.lecun.org/exdb/mnist/",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        self._fail_fast_without_files(dl_manager)
        paths = dl_manager.download({key: _URL + name for key, name in _FILES.items()})
        return {
            split: self._generate_examples(paths[f"{split}_images"], paths[f"{split}_labels"])
            for split in ("train", "test")
        }

    def _generate_examples(
        self, images: PathLike[str], labels: PathLike[str]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        pairs = zip(read_idx(images), read_idx(labels), strict=True)
        for i, (image, label) in enumerate(pairs):
            yield i, {"image": image[..., None], "label": int(label)}

    def _fail_fast_without_files(self, dl_manager: tfds.download.DownloadManager) -> None:
        """Ask the server once before TFDS does, whose own retries take 3.5 minutes to give up."""
        folder = dl_manager._manual_dir  # the public property insists on manual download instructions
        missing = [name for name in _FILES.values() if folder is None or not (folder / name).exists()]
        downloaded = [
            dl_manager._get_dl_path(
                tfds.download.Resource(url=_URL + name), self.url_infos[_URL + name].checksum
            )
            for name in missing
        ]
        missing = [name for name, path in zip(missing, downloaded, strict=True) if not path.exists()]
        if missing:
            import requests

            try:
                requests.head(_URL + missing[0], timeout=_HEAD_TIMEOUT).raise_for_status()
            except requests.RequestException as error:
                raise ConnectionError(
                    f"cannot download {', '.join(missing)} from {_URL} ({type(error).__name__}): "
                    "put the files into a folder, then: digitjax data prepare mnist --manual-dir FOLDER"
                ) from error


def read_idx(path: PathLike[str]) -> np.ndarray:
    """Return the content of a gzipped IDX file of bytes, uint8 of the shape in its header.

    The format: two zero bytes, 8 for unsigned bytes, the number of dimensions, their sizes as
    big-endian 32-bit integers, the values.

    Raises:
        ValueError: the file does not have this format or is truncated.
    """
    try:
        content = gzip.decompress(Path(path).read_bytes())
    except (OSError, EOFError) as error:
        raise ValueError(f"{path}: not a gzip file, or cut off ({error})") from error
    if content[:3] != b"\0\0\x08" or len(content) < 4:
        raise ValueError(f"{path}: not an IDX file of bytes")
    dimensions = content[3]
    header = 4 + 4 * dimensions
    shape = tuple(int(n) for n in np.frombuffer(content[4:header], ">u4"))
    if len(content) != header + np.prod(shape, dtype=np.int64):
        raise ValueError(f"{path}: cut off, or longer than its header says")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
