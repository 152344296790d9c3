"""Pictures of what an autoencoder does."""

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
    most_varying,
    overview,
    reconstructions,
    samples,
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
    for pictures, reconstructed in shown.values():
        assert pictures.shape == reconstructed.shape == (6, 28, 28)
        errors.append(((pictures / 255 - reconstructed / 255) ** 2).mean((1, 2)))
    best, typical, worst = errors
    assert (best[:-1] <= best[1:] + 1e-3).all()
    assert (worst[:-1] >= worst[1:] - 1e-3).all()
    assert best.max() <= typical.min() + 1e-3
    assert typical.max() <= worst.min() + 1e-3


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_pictures_are_all_shown(images: np.ndarray, count: int):
    rows = overview(VARIATIONAL, images[:count], columns=12)
    assert {len(row.images) for row in rows} == {count, 12}
    assert sum(row.label == "interpolated" for row in rows) == count // 2


def test_the_most_varying_dimensions_come_first():
    latents = np.random.default_rng(0).normal(size=(500, 4)) * [1, 5, 0.1, 3]
    np.testing.assert_array_equal(most_varying(latents, 3), [1, 3, 0])
    assert len(most_varying(latents, 9)) == 4


def test_a_traversal_moves_one_dimension_and_keeps_the_others(images: np.ndarray):
    latents = PLAIN.encode(images)
    moved = traversal(PLAIN, latents, latents[3], np.array([2, 0]), steps=7)
    assert moved.shape == (2, 7, 28, 28)
    for row, dimension in zip(moved, (2, 0), strict=True):
        for picture, deviations in zip(row, (-3, -2, -1, 0, 1, 2, 3), strict=True):
            expected = latents[3].copy()
            expected[dimension] = latents[:, dimension].mean() + deviations * latents[:, dimension].std()
            difference = picture.astype(int) - PLAIN.decode(expected[None])[0]
            assert abs(difference).max() <= 1
    np.testing.assert_array_equal(latents, PLAIN.encode(images))


def test_an_interpolation_goes_from_one_picture_to_the_other(images: np.ndarray):
    way = interpolation(PLAIN, images[0], images[1], steps=5)
    ends = PLAIN.decode(PLAIN.encode(images[:2]))
    assert way.shape == (5, 28, 28)
    assert abs(way[[0, -1]].astype(int) - ends).max() <= 1
    middle = PLAIN.decode(PLAIN.encode(images[:2]).mean(axis=0, keepdims=True))[0]
    assert abs(way[2].astype(int) - middle).max() <= 1


def test_samples_are_drawn_by_a_variational_autoencoder_alone():
    drawn = samples(VARIATIONAL, 9, seed=1)
    assert drawn.shape == (9, 28, 28)
    np.testing.assert_array_equal(drawn, samples(VARIATIONAL, 9, seed=1))
    assert (drawn != samples(VARIATIONAL, 9, seed=2)).any()
    with pytest.raises(InputError, match="only a variational autoencoder draws pictures from noise"):
        samples(PLAIN, 9)


def test_an_overview_holds_what_the_model_can_do(images: np.ndarray):
    plain, variational = (
        {row.label for row in overview(model, images, columns=4, dimensions=2)}
        for model in (PLAIN, VARIATIONAL)
    )
    assert plain >= {"best", "typical", "worst", "reconstructed", "interpolated"}
    assert sum(label.startswith("latent") for label in plain) == 2
    assert "from noise" in variational - plain
