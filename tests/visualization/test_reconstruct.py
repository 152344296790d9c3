"""Reconstructions, traversals, interpolations and samples of autoencoders."""

import jax
import numpy as np
import pytest

from digitjax.config import AutoencoderConfig, Data, VAEConfig
from digitjax.data import pipeline
from digitjax.errors import InputError
from digitjax.model.network import Network
from digitjax.model.reconstructor import Reconstructor
from digitjax.visualization.reconstruct import (
    interpolation,
    overview,
    reconstructions,
    samples,
    top_variance_dimensions,
    traversal,
)


def untrained(model: AutoencoderConfig | VAEConfig) -> Reconstructor:
    return Reconstructor(model, Network(model).init(jax.random.key(0)))


PLAIN = untrained(AutoencoderConfig(channels=(4, 8), latent=5))
VARIATIONAL = untrained(VAEConfig(channels=(4, 8), latent=5))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return pipeline.load(Data(name="digits")).test.images[:40]


def test_reconstructions_are_ranked_by_their_error(images: np.ndarray):
    shown = reconstructions(PLAIN, images, 6)
    assert list(shown) == ["best", "typical", "worst"]
    errors = []
    for originals, reconstructed in shown.values():
        assert originals.shape == reconstructed.shape == (6, 28, 28)
        errors.append(((originals / 255 - reconstructed / 255) ** 2).mean((1, 2)))
    best, typical, worst = errors
    assert (best[:-1] <= best[1:] + 1e-3).all()
    assert (worst[:-1] >= worst[1:] - 1e-3).all()
    assert best.max() <= typical.min() + 1e-3
    assert typical.max() <= worst.min() + 1e-3


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_images_are_all_shown(images: np.ndarray, count: int):
    rows = overview(VARIATIONAL, images[:count], columns=12)
    assert {len(row.images) for row in rows} == {count, 12}
    assert sum(row.label == "interpolated" for row in rows) == count // 2


def test_dimensions_are_ranked_by_their_variance():
    latents = np.random.default_rng(0).normal(size=(500, 4)) * [1, 5, 0.1, 3]
    np.testing.assert_array_equal(top_variance_dimensions(latents, 3), [1, 3, 0])
    assert len(top_variance_dimensions(latents, 9)) == 4


def test_a_traversal_moves_one_dimension_and_keeps_the_others(images: np.ndarray):
    latents = PLAIN.encode(images)
    moved = traversal(PLAIN, latents, latents[3], np.array([2, 0]), steps=7)
    assert moved.shape == (2, 7, 28, 28)
    for row, dimension in zip(moved, (2, 0), strict=True):
        for image, deviations in zip(row, (-3, -2, -1, 0, 1, 2, 3), strict=True):
            expected = latents[3].copy()
            expected[dimension] = latents[:, dimension].mean() + deviations * latents[:, dimension].std()
            difference = image.astype(int) - PLAIN.decode(expected[None])[0]
            assert abs(difference).max() <= 1
    np.testing.assert_array_equal(latents, PLAIN.encode(images))


def test_an_interpolation_leads_from_one_image_to_the_other(images: np.ndarray):
    path = interpolation(PLAIN, images[0], images[1], steps=5)
    ends = PLAIN.decode(PLAIN.encode(images[:2]))
    assert path.shape == (5, 28, 28)
    assert abs(path[[0, -1]].astype(int) - ends).max() <= 1
    middle = PLAIN.decode(PLAIN.encode(images[:2]).mean(axis=0, keepdims=True))[0]
    assert abs(path[2].astype(int) - middle).max() <= 1


def test_only_a_variational_autoencoder_can_be_sampled():
    sampled = samples(VARIATIONAL, 9, seed=1)
    assert sampled.shape == (9, 28, 28)
    np.testing.assert_array_equal(sampled, samples(VARIATIONAL, 9, seed=1))
    assert (sampled != samples(VARIATIONAL, 9, seed=2)).any()
    with pytest.raises(InputError, match="only a variational autoencoder can be sampled"):
        samples(PLAIN, 9)


def test_an_overview_holds_samples_only_of_a_variational_autoencoder(images: np.ndarray):
    plain, variational = (
        {row.label for row in overview(model, images, columns=4, dimensions=2)}
        for model in (PLAIN, VARIATIONAL)
    )
    assert plain >= {"best", "typical", "worst", "reconstructed", "interpolated"}
    assert sum(label.startswith("latent") for label in plain) == 2
    assert "sampled" in variational - plain
