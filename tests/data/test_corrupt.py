"""Corruptions keep the shape of images, depend on the seed alone, and get worse with severity."""

import numpy as np
import pytest

from digitjax.config import Data
from digitjax.data import pipeline
from digitjax.data.corrupt import corrupt, corrupt_all_severities, load
from digitjax.data.corruptions import CORRUPTIONS
from digitjax.errors import InputError

OVERLAYS = ("dotted_line", "zigzag", "spatter")
BLANK_STAYS_BLANK = ("glass_blur", "motion_blur", "shear", "scale", "rotate", "translate", "canny_edges")


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return pipeline.load(Data()).test.images[:60]


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_keeps_the_shape_and_gets_worse_with_severity(name: str, images: np.ndarray):
    corrupted = corrupt_all_severities(images, name)
    assert (corrupted.shape, corrupted.dtype) == ((3, *images.shape), np.uint8)
    changes = np.abs(corrupted.astype(float) - images).mean(axis=(1, 2, 3))
    assert 0 < changes[0] < changes[1] < changes[2] < 128


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_seed_decides_and_not_the_number_of_images(name: str, images: np.ndarray):
    corrupted = corrupt_all_severities(images, name, seed=1)
    np.testing.assert_array_equal(corrupt(images[:7], name, 2, seed=1), corrupted[1, :7])
    differs = (corrupt_all_severities(images, name, seed=2) != corrupted).any()
    assert differs == (name not in ("brightness", "canny_edges"))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_blank_image_gets_noise_and_overlays_alone(name: str):
    corrupted = corrupt_all_severities(np.zeros((20, 28, 28), np.uint8), name)
    assert corrupted.any() == (name not in BLANK_STAYS_BLANK)
    if name in OVERLAYS:
        assert (corrupted > 0).mean() < 0.5


def test_edges_are_two_pixels_apart_where_a_bar_is():
    image = np.zeros((1, 28, 28), np.uint8)
    image[:, 4:24, 10:18] = 255
    [edges] = corrupt(image, "canny_edges", 3)
    assert set(np.unique(edges)) == {0, 255}
    assert not edges[8:20, 12:16].any()
    assert edges[14, 8:12].any()
    assert edges[14, 16:20].any()


def test_corrupted_images_are_cached_and_computed_again_where_damaged(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch, tmp_path
):
    monkeypatch.setenv("DIGITJAX_CACHE", str(tmp_path))
    expected = corrupt_all_severities(images, "stripe")
    np.testing.assert_array_equal(load(images, "stripe"), expected)
    [file] = tmp_path.glob("corrupted-*-stripe/images.npy")
    written = file.stat().st_mtime_ns
    np.testing.assert_array_equal(load(images, "stripe"), expected)
    assert file.stat().st_mtime_ns == written
    file.write_bytes(file.read_bytes()[:-1] + b"\x07")
    np.testing.assert_array_equal(load(images, "stripe"), expected)
    load(images[:5], "stripe")
    assert len(list(tmp_path.glob("corrupted-*"))) == 2


def test_an_unknown_corruption_or_severity_is_refused(images: np.ndarray):
    with pytest.raises(InputError, match=r"no corruption 'rain': choose one of shot_noise, "):
        corrupt(images, "rain", 1)
    with pytest.raises(InputError, match="no severity 4"):
        corrupt(images, "fog", 4)
