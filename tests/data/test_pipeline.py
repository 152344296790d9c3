"""Data: preparation, cache, splits, batches, normalization."""

import gzip
import shutil
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from digitjax.config import Data
from digitjax.data import cache, pipeline
from digitjax.data.digits.digits_dataset_builder import enlarge
from digitjax.data.mnist.mnist_dataset_builder import read_idx
from digitjax.data.normalize import normalize
from digitjax.errors import InputError


def rows(split: pipeline.Split) -> set[bytes]:
    return {image.tobytes() for image in split.images}


def test_digits_are_split_without_overlap_or_loss():
    dataset = pipeline.load(Data())
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (1293, 144, 360)
    assert not rows(dataset.train) & rows(dataset.validation)
    assert not rows(dataset.train) & rows(dataset.test)
    assert dataset.train.images.dtype == np.uint8
    assert set(dataset.test.labels) == set(range(10))


def test_the_split_seed_alone_decides_the_validation_split():
    same, other = Data(), Data(split_seed=1)
    np.testing.assert_array_equal(
        pipeline.load(same).validation.images, pipeline.load(same).validation.images
    )
    assert rows(pipeline.load(same).validation) != rows(pipeline.load(other).validation)


def test_load_prepared_prepares_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    expected = pipeline.load(Data())
    np.testing.assert_array_equal(pipeline.load_prepared(Data()).train.images, expected.train.images)
    monkeypatch.setenv("DIGITJAX_CACHE", str(tmp_path / "cache"))
    with pytest.raises(InputError, match="digitjax data prepare mnist"):
        pipeline.load_prepared(Data(name="mnist"))
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "a.png").write_bytes(b"")
    with pytest.raises(InputError, match="not those of the training"):
        pipeline.load_prepared(Data(name="folder", folder=str(tmp_path)))
    assert not (tmp_path / "cache").exists()


def test_refit_trains_on_the_validation_images_too_and_not_on_the_test_split():
    refit, ordinary = pipeline.load(Data(refit=True)), pipeline.load(Data())
    assert (len(refit.train), len(refit.validation)) == (1437, 0)
    assert rows(refit.train) == rows(ordinary.train) | rows(ordinary.validation)
    np.testing.assert_array_equal(refit.test.images, ordinary.test.images)


def test_a_validation_share_that_leaves_no_training_images_is_refused():
    with pytest.raises(InputError, match=r"data\.validation is 0\.9999"):
        pipeline.load(Data(validation=0.9999))


def test_digits_have_the_form_of_mnist():
    corner = np.zeros((1, 8, 8))
    corner[0, 0, 0] = 16
    enlarged = enlarge(corner)
    assert enlarged.shape == (1, 28, 28)
    assert enlarged[0, 4, 4] == 255
    assert enlarged[0, 4:8, 4:8].min() > 0
    assert not enlarged[0, :4].any()
    assert not enlarged[0, 10:].any()
    np.testing.assert_array_equal(enlarge(np.full((1, 8, 8), 16.0))[0, 4:24, 4:24], 255)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 1000),
    st.integers(1, 300),
    st.integers(1, 64),
    st.integers(1, 3),
)
def test_every_image_is_a_candidate_equally_often(
    seed: int, epoch: int, size: int, batch_size: int, candidates: int
):
    indices, weights = pipeline.batch_indices(seed, epoch, size, batch_size, candidates)
    assert indices.shape == weights.shape == (-(-size // batch_size), batch_size * candidates)
    assert sorted(indices[weights == 1]) == sorted([*range(size)] * candidates)
    assert weights.sum() == size * candidates
    assert indices.min() >= 0
    assert indices.max() < size
    again, _ = pipeline.batch_indices(seed, epoch, size, batch_size, candidates)
    np.testing.assert_array_equal(indices, again)


def test_an_epoch_shows_every_image_once_unless_batches_are_selected():
    indices, weights = pipeline.batch_indices(0, 0, 10, 4)
    assert sorted(indices[weights == 1]) == list(range(10))


def test_epochs_and_seeds_have_their_own_order():
    orders = {
        pipeline.batch_indices(seed, epoch, 100, 10)[0].tobytes() for seed in (0, 1) for epoch in (0, 1)
    }
    assert len(orders) == 4


def test_normalize_is_one_affine_map_with_a_channel_axis():
    images = np.array([[[0, 255]]], np.uint8).repeat(28, axis=1).repeat(14, axis=2)
    normalized = np.asarray(normalize(images))
    assert normalized.shape == (1, 28, 28, 1)
    assert normalized.dtype == np.float32
    np.testing.assert_allclose(
        sorted(set(normalized.flat)), [-0.1307 / 0.3081, (1 - 0.1307) / 0.3081], rtol=1e-6
    )


def test_a_damaged_cache_is_prepared_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DIGITJAX_CACHE", str(tmp_path))
    before = pipeline.load(Data())
    path = tmp_path / "digits-1.0.0" / "train_images.npy"
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)
    assert pipeline.load(Data()).sha256 == before.sha256
    (tmp_path / "digits-1.0.0" / "sha256.json").write_text("{")
    assert pipeline.load(Data()).sha256 == before.sha256
    assert {p.name for p in tmp_path.iterdir()} == {"digits-1.0.0", "downloads", cache.LOCK_FILE}


@pytest.mark.parametrize("size", [0, 1, 6, 60, 128, 5000])
def test_an_array_that_was_cut_is_prepared_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int):
    monkeypatch.setenv("DIGITJAX_CACHE", str(tmp_path))
    content = {"a": np.arange(5000)}
    before = cache.load("some", lambda _: content, ["a"])[1]
    path = tmp_path / "some" / "a.npy"
    for damage in (path.read_bytes()[:size], b"PK\x03\x04" + bytes(size)):
        path.write_bytes(damage)
        arrays, sha256 = cache.load("some", lambda _: content, ["a"])
        assert (arrays["a"].tolist(), sha256) == (content["a"].tolist(), before)


def test_what_killed_preparations_left_over_is_removed_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DIGITJAX_CACHE", str(tmp_path))
    cache.load("some", lambda _: {"a": np.arange(3)}, ["a"])
    for name in (".some-x1y2", ".some.partial", ".ssh"):
        (tmp_path / name / "part").mkdir(parents=True)
    with FileLock(tmp_path / cache.LOCK_FILE):  # a preparation is running
        cache.load("some", lambda _: {}, ["a"])
    assert len(list(tmp_path.glob(".some*"))) == 2
    cache.load("some", lambda _: {}, ["a"])
    assert {p.name for p in tmp_path.iterdir()} == {"some", ".ssh", cache.LOCK_FILE}


def test_loaders_that_start_together_prepare_the_cache_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    calls = []
    started: set[int] = set()
    all_started = threading.Barrier(4)

    class Keys(tuple[str, ...]):
        """Names of arrays that each thread first asks for once all have started."""

        def __iter__(self) -> Iterator[str]:
            if threading.get_ident() not in started:
                started.add(threading.get_ident())
                all_started.wait(timeout=60)
            return super().__iter__()

    def build(scratch: Path) -> dict[str, np.ndarray]:
        calls.append(scratch)
        return {"a": np.arange(3)}

    monkeypatch.setenv("DIGITJAX_CACHE", str(tmp_path))
    with ThreadPoolExecutor(4) as executor:
        loaded = list(
            executor.map(lambda _: cache.load("some", build, Keys(["a"]))[0]["a"].tolist(), range(4))
        )
    assert loaded == [[0, 1, 2]] * 4
    assert len(calls) == 1


def test_a_cache_that_cannot_be_written_is_an_input_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DIGITJAX_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match=r"cannot be written .* DIGITJAX_CACHE"):
        pipeline.load(Data())


def idx(path: Path, dimensions: tuple[int, ...], content: bytes, kind: int = 8) -> Path:
    path.write_bytes(
        gzip.compress(
            bytes([0, 0, kind, len(dimensions)]) + struct.pack(f">{len(dimensions)}I", *dimensions) + content
        )
    )
    return path


def test_idx_files_are_read_with_their_shape(tmp_path: Path):
    np.testing.assert_array_equal(
        read_idx(idx(tmp_path / "a", (2, 3), bytes(range(6)))), [[0, 1, 2], [3, 4, 5]]
    )


@pytest.mark.parametrize("case", ["short", "long", "kind", "gzip", "truncated"])
def test_an_invalid_idx_file_is_refused(tmp_path: Path, case: str):
    path = idx(
        tmp_path / "a", (2, 3), bytes({"short": 5, "long": 7}.get(case, 6)), 9 if case == "kind" else 8
    )
    if case == "gzip":
        path.write_bytes(b"no gzip")
    if case == "truncated":
        path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match=str(path)):
        read_idx(path)


def test_mnist_without_files_or_network_fails_fast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import requests

    def unreachable(url: str, timeout: float) -> None:
        assert timeout <= 5
        raise requests.ConnectionError

    monkeypatch.setenv("DIGITJAX_CACHE", str(tmp_path))
    monkeypatch.setattr(requests, "head", unreachable)
    with pytest.raises(
        InputError, match=r"cannot download train-images.*digitjax data prepare mnist --manual-dir"
    ):
        pipeline.load(Data(name="mnist"))
    with pytest.raises(InputError, match="there is no folder nowhere"):
        pipeline.load(Data(name="mnist", manual_dir="nowhere"))


def test_mnist_is_read_from_the_official_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, test_data: Path
):
    monkeypatch.setenv("DIGITJAX_CACHE", str(tmp_path))
    dataset = pipeline.load(Data(name="mnist", manual_dir=str(test_data / "mnist"), refit=True))
    for split, prefix in ((dataset.train, "train"), (dataset.test, "t10k")):
        np.testing.assert_array_equal(
            split.images, read_idx(test_data / f"mnist/{prefix}-images-idx3-ubyte.gz")
        )
        np.testing.assert_array_equal(
            split.labels, read_idx(test_data / f"mnist/{prefix}-labels-idx1-ubyte.gz")
        )


def test_a_damaged_official_file_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, test_data: Path
):
    monkeypatch.setenv("DIGITJAX_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "mnist"
    shutil.copytree(test_data / "mnist", folder, copy_function=shutil.copyfile)
    folder.chmod(0o755)
    content = bytearray((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())
    content[100] ^= 1
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"t10k-labels-idx1-ubyte\.gz, has wrong checksum: replace it"):
        pipeline.load(Data(name="mnist", manual_dir=str(folder)))
