"""Data sets as arrays: prepared once, cached, split, normalised, and served in batches.

The splits are fixed. `test` is the data set's own and is never trained or chosen on. `validation` is
cut from the data set's training pictures: the first of a permutation drawn with `split_seed`. What
remains is `train`; with `refit` it is all of them, and `validation` is empty.
"""

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int32, UInt8

from digitjax.config import Data
from digitjax.data import cache
from digitjax.data.cache import Arrays, cache_folder
from digitjax.errors import InputError

# Mean and standard deviation of MNIST's training pixels, scaled to 0..1. They serve every data set, since
# all have MNIST's form and a model must meet what it was trained on.
MEAN, STD = 0.1307, 0.3081


@dataclass(frozen=True)
class Split:
    """Pictures uint8 (n, 28, 28), light ink on dark ground, with labels int32 (n,)."""

    images: UInt8[np.ndarray, "n 28 28"]
    labels: Int32[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """The three splits, and the SHA-256 of the arrays that they were cut from."""

    train: Split
    validation: Split
    test: Split
    sha256: str


def normalize(images: UInt8[Array | np.ndarray, "*batch 28 28"]) -> Float[Array, "*batch 28 28 1"]:
    """Turn pixels into what every network sees: float32, zero mean, unit variance, a channel axis.

    Training, evaluation and reading all pass through here.
    """
    return normalize_ink(jnp.asarray(images).astype(jnp.float32) / 255)


def normalize_ink(ink: Float[Array, "*batch 28 28"]) -> Float[Array, "*batch 28 28 1"]:
    """Turn the amount of ink in each pixel, 0 to 1, into what every network sees."""
    return (ink[..., None] - MEAN) / STD


def denormalize(inputs: Float[Array, "*batch 28 28 1"]) -> Float[Array, "*batch 28 28"]:
    """Turn what networks see back into the amount of ink in each pixel, 0 to 1."""
    return inputs[..., 0] * STD + MEAN


def prepare(data: Data) -> Path:
    """Prepare a data set afresh and return the folder of its cached arrays.

    Raises:
        InputError: its files cannot be had, or are damaged, or the cache cannot be written.
    """
    return cache.prepare(*_source(data))


def load(data: Data) -> Dataset:
    """Return a data set, prepared and cached at its first use.

    Raises:
        InputError: its files cannot be had, or are damaged.
    """
    arrays, sha256 = cache.load(*_source(data))
    images, labels = arrays["train_images"], arrays["train_labels"]
    order = np.random.default_rng(data.split_seed).permutation(len(labels))
    held_out = 0 if data.refit else max(1, round(data.validation * len(labels)))
    chosen, rest = np.sort(order[:held_out]), np.sort(order[held_out:])
    if not len(rest):
        raise InputError(f"data.validation is {data.validation}: it leaves no picture to train on")
    return Dataset(
        train=Split(images, labels) if data.refit else Split(images[rest], labels[rest]),
        validation=Split(images[chosen], labels[chosen]),
        test=Split(arrays["test_images"], arrays["test_labels"]),
        sha256=sha256,
    )


def load_prepared(data: Data) -> Dataset:
    """Return a data set that is in the cache already, which takes neither a network nor long.

    Raises:
        InputError: it is not.
    """
    name, _ = _source(data)
    if not (cache_folder() / name).is_dir():
        raise InputError(
            f"the pictures of {data.folder} are not those that were trained on: some were added, changed or removed"
            if data.folder
            else f"the {data.name} pictures are not prepared here: digitjax data prepare {data.name}"
        )
    return load(data)


def add_outliers(split: Split, data: Data) -> Split:
    """Return a split with the share of generated strokes that `data.outliers` asks for, labelled `OUTLIER_LABEL`.

    Training alone meets them: the splits of a `Dataset` hold digits. A pure function of its arguments.
    """
    if not (count := round(data.outliers * len(split))):
        return split
    from digitjax.data import outliers

    labels = np.full(count, outliers.OUTLIER_LABEL, np.int32)
    return Split(
        np.concatenate([split.images, outliers.generate(count, data.split_seed)]),
        np.concatenate([split.labels, labels]),
    )


def batch_indices(
    seed: int, epoch: int, size: int, batch_size: int
) -> tuple[Int32[np.ndarray, "steps batch"], Float[np.ndarray, "steps batch"]]:
    """Return which pictures each step of an epoch takes, and their weight in its loss.

    A pure function of its arguments, so that a resumed run meets the very same batches. Each of the `size`
    pictures has weight 1 once; the last batch is filled up with pictures of weight 0 from the start of
    the epoch, so that all batches have one shape and none is dropped.
    """
    order = np.random.default_rng([seed, epoch]).permutation(size)
    steps = -(-size // batch_size)
    indices = np.resize(order, steps * batch_size).astype(np.int32)
    weights = (np.arange(steps * batch_size) < size).astype(np.float32)
    return indices.reshape(steps, batch_size), weights.reshape(steps, batch_size)


# --------------------------------------------------------------------------------------- sources


def _source(data: Data) -> tuple[str, Callable[[Path], Arrays]]:
    """Return what the cache calls a data set, and the function that makes its arrays."""
    if data.folder is not None:
        from digitjax.data import folder  # which takes SciPy and scikit-image with it

        path = Path(data.folder)
        entries = folder.list_entries(path)
        return f"folder-{folder.fingerprint(path, entries)}", lambda _: folder.to_arrays(path, entries)
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
    except (tfds.download.DownloadError, ConnectionError, ValueError) as error:
        raise InputError(f"data set {name}: {str(error).splitlines()[0]}") from error
    arrays = {}
    for split in ("train", "test"):
        source = builder.as_data_source(split)
        examples = source.__getitems__(range(len(source)))
        arrays[f"{split}_images"] = np.stack([e["image"][..., 0] for e in examples])
        arrays[f"{split}_labels"] = np.array([e["label"] for e in examples], np.int32)
    return arrays
