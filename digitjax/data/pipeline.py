"""Data sets as arrays: prepared once, cached and split.

The splits are fixed. `test` is the data set's own and is used neither for training nor for model selection.
`validation` is a random part of the data set's training images, drawn with `split_seed`. The rest is `train`; with
`refit` it is all of them, and `validation` is empty.
"""

import contextlib
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int32, UInt8

from digitjax.config import Data
from digitjax.data import cache
from digitjax.data.cache import Arrays, DataNotPreparedError, cache_folder
from digitjax.errors import InputError, as_disk_error

MEAN, STD = 0.1307, 0.3081
"""Mean and standard deviation of the intensities (0 to 1) of MNIST's training images; used for every data set, so that
a model gets inputs like those of its training."""


@dataclass(frozen=True)
class Split:
    """Images with their labels."""

    images: UInt8[np.ndarray, "n 28 28"]
    """Bright strokes on dark background."""
    labels: Int32[np.ndarray, " n"]
    """Digits, or `OUTLIER_LABEL` of `digitjax.data.outliers`."""

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """The three splits of a data set."""

    train: Split
    validation: Split
    test: Split
    sha256: str
    """SHA-256 of all arrays of the data set, before they are split."""


def prepare(data: Data) -> Path:
    """Prepare a data set, even if it is in the cache, and return its folder in the cache.

    Raises:
        InputError: its files cannot be downloaded or are damaged, or the cache cannot be written.
    """
    return cache.prepare(*_source(data))


def load(data: Data) -> Dataset:
    """Return a data set from the cache; prepare it first if it is not there.

    Raises:
        InputError: its files cannot be downloaded or are damaged, or the validation split would be all of it.
    """
    arrays, sha256 = cache.load(*_source(data))
    images, labels = arrays["train_images"], arrays["train_labels"]
    order = np.random.default_rng(data.split_seed).permutation(len(labels))
    held_out = 0 if data.refit else max(1, round(data.validation * len(labels)))
    validation, train = np.sort(order[:held_out]), np.sort(order[held_out:])
    if not len(train):
        raise InputError(f"data.validation is {data.validation}: it leaves no image to train on")
    return Dataset(
        train=Split(images, labels) if data.refit else Split(images[train], labels[train]),
        validation=Split(images[validation], labels[validation]),
        test=Split(arrays["test_images"], arrays["test_labels"]),
        sha256=sha256,
    )


def load_prepared(data: Data) -> Dataset:
    """Return a data set that is already in the cache; neither download nor prepare it.

    Raises:
        DataNotPreparedError: it is not in the cache.
        InputError: the user's own pictures have changed since they were prepared.
    """
    name, _ = _source(data)
    if (cache_folder() / name).is_dir():
        return load(data)
    if data.folder:
        raise InputError(
            f"the pictures in {data.folder} are not those of the training: some were added, changed or removed"
        )
    raise DataNotPreparedError(data, import_module(f"digitjax.data.{data.name}").DOWNLOAD)


def add_outliers(split: Split, data: Data) -> Split:
    """Append generated outliers to a split, for training alone; the same arguments always give the same result.

    Args:
        split: a split of digits.
        data: its options; `outliers` is the number of outliers as a share of the images.

    Returns:
        The split with images labeled `OUTLIER_LABEL` at its end.
    """
    if not (count := round(data.outliers * len(split))):
        return split
    from digitjax.data import outliers

    labels = np.full(count, outliers.OUTLIER_LABEL, np.int32)
    return Split(
        np.concatenate([split.images, outliers.generate(count, data.split_seed)]),
        np.concatenate([split.labels, labels]),
    )


def steps_per_epoch(size: int, batch_size: int) -> int:
    """Return the number of batches of an epoch, of which the last may be padded.

    Args:
        size: number of images in the split.
        batch_size: images per batch.
    """
    return -(-size // batch_size)


def batch_indices(
    seed: int, epoch: int, size: int, batch_size: int, candidates: int = 1
) -> tuple[Int32[np.ndarray, "steps images"], Float[np.ndarray, "steps images"]]:
    """Shuffle the images of an epoch and divide them into batches, or into the candidates of batches.

    The result depends on the arguments alone, so that a resumed run gets the same batches. The last batch is padded
    with images of weight 0, so that all batches have one shape and no image is dropped.

    Args:
        seed: seed of the run.
        epoch: number of the epoch.
        size: number of images in the split.
        batch_size: images per batch.
        candidates: candidates for each place of a batch; every image is a candidate that many times per epoch.

    Returns:
        Indices of the images of each step, int32 (steps, batch size x candidates), and their weights in the loss,
        float32 of the same shape: 1, or 0 for padding.
    """
    generator = np.random.default_rng([seed, epoch])
    order = np.concatenate([generator.permutation(size) for _ in range(candidates)])
    shape = steps_per_epoch(size, batch_size), batch_size * candidates
    weights = np.arange(math.prod(shape)) < len(order)
    return np.resize(order, shape).astype(np.int32), weights.reshape(shape).astype(np.float32)


# --------------------------------------------------------------------------------------- sources


def _source(data: Data) -> tuple[str, Callable[[Path], Arrays]]:
    """Return the name of a data set in the cache, and the function that builds its arrays."""
    if data.folder is not None:
        from digitjax.data import folder  # imported late, since it imports SciPy and scikit-image

        path = Path(data.folder)
        samples = folder.list_samples(path)
        return f"folder-{folder.fingerprint(path, samples)}", lambda _: folder.to_arrays(path, samples)
    version = import_module(f"digitjax.data.{data.name}").VERSION
    return f"{data.name}-{version}", partial(_read_with_tfds, data.name, data.manual_dir)


def _read_with_tfds(name: str, manual_dir: str | None, data_dir: Path) -> Arrays:
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

    if manual_dir is not None and not Path(manual_dir).is_dir():
        raise InputError(f"data.manual_dir: there is no folder {manual_dir}")
    module = import_module(f"digitjax.data.{name}.{name}_dataset_builder")
    builder = module.Builder(data_dir=data_dir, file_format="array_record")
    tfds.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # TFDS prints where JSON may be expected
            builder.download_and_prepare(
                download_dir=cache_folder() / "downloads",
                download_config=tfds.download.DownloadConfig(manual_dir=manual_dir),
            )
    except NonMatchingChecksumError as error:
        raise InputError(
            f"data set {name}: {str(error).splitlines()[0].rstrip(':')}: replace it with the official file"
        ) from error
    except RuntimeError as error:  # its writer reports a full disk so
        raise as_disk_error(error, data_dir) from error
    except (tfds.download.DownloadError, ConnectionError, ValueError) as error:
        raise InputError(f"data set {name}: {str(error).splitlines()[0]}") from error
    arrays = {}
    for split in ("train", "test"):
        source = builder.as_data_source(split)
        examples = source.__getitems__(range(len(source)))
        arrays[f"{split}_images"] = np.stack([e["image"][..., 0] for e in examples])
        arrays[f"{split}_labels"] = np.array([e["label"] for e in examples], np.int32)
    return arrays
