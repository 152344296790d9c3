"""Data sets as arrays: prepared once by TFDS, cached, split, normalised, and served in batches.

The splits are fixed. `test` is the data set's own and is never trained or chosen on. `validation` is
cut from the data set's training pictures: the first of a permutation drawn with `split_seed`. What
remains is `train`; with `refit` it is all of them, and `validation` is empty.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int32, UInt8
from platformdirs import user_cache_path

from digitjax.config import Data
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
    scaled = jnp.asarray(images)[..., None].astype(jnp.float32) / 255
    return (scaled - MEAN) / STD


def denormalize(inputs: Float[Array, "*batch 28 28 1"]) -> Float[Array, "*batch 28 28"]:
    """Turn what networks see back into the amount of ink in each pixel, 0 to 1."""
    return inputs[..., 0] * STD + MEAN


def load(data: Data) -> Dataset:
    """Return a data set, prepared and cached at its first use.

    Raises:
        InputError: its files cannot be had, or are damaged.
    """
    arrays, sha256 = _cached(data.name, data.manual_dir)
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


# ----------------------------------------------------------------------------------------- cache


def cache_folder() -> Path:
    """Return the folder for prepared data: DIGITJAX_CACHE, or the user's cache folder."""
    chosen = os.environ.get("DIGITJAX_CACHE")
    return Path(chosen) if chosen else user_cache_path("digitjax")


def prepare(name: str, manual_dir: str | None = None) -> Path:
    """Prepare a data set afresh and return the folder of its cached arrays.

    Raises:
        InputError: its files cannot be had, or are damaged, or the cache cannot be written.
    """
    folder = _folder(name)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as partial:
            arrays = _read_with_tfds(name, manual_dir, Path(partial, "tfds"))
            for key, array in arrays.items():
                np.save(Path(partial, f"{key}.npy"), array)
            Path(partial, "sha256.json").write_text(json.dumps({"sha256": _digest(arrays)}))
            shutil.rmtree(Path(partial, "tfds"))
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(partial, folder)
            os.mkdir(partial)  # for the context manager to remove
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror or error}): choose another folder with DIGITJAX_CACHE"
        ) from None
    return folder


def _folder(name: str) -> Path:
    version = import_module(f"digitjax.data.{name}").VERSION
    return cache_folder() / f"{name}-{version}"


def _cached(name: str, manual_dir: str | None) -> tuple[dict[str, np.ndarray], str]:
    """Map the cached arrays into memory; prepare them if they are missing or not what was written."""
    for attempt in ("cached", "prepared"):
        folder = _folder(name) if attempt == "cached" else prepare(name, manual_dir)
        try:
            arrays = {key: np.load(folder / f"{key}.npy", mmap_mode="r") for key in _KEYS}
            sha256 = json.loads((folder / "sha256.json").read_text())["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if _digest(arrays) == sha256:
            return arrays, sha256
    raise InputError(f"{_folder(name)}: what was just written cannot be read back: check the disk")


_KEYS = ("train_images", "train_labels", "test_images", "test_labels")


def _digest(arrays: dict[str, np.ndarray]) -> str:
    sha256 = hashlib.sha256()
    for key in _KEYS:
        sha256.update(f"{key} {arrays[key].dtype} {arrays[key].shape} ".encode())
        sha256.update(np.ascontiguousarray(arrays[key]).data)
    return sha256.hexdigest()


def _read_with_tfds(name: str, manual_dir: str | None, data_dir: Path) -> dict[str, np.ndarray]:
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
