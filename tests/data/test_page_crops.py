"""Crops of generated pages: the same for the same seed and number, with votes that meet in the middles of digits."""

import numpy as np
import pytest

from digitjax.config import Data
from digitjax.data import pipeline
from digitjax.data.page_crops import SIDE, PageCrops, PageCropSampler
from digitjax.imaging.local_contrast import CHANNELS, VOTE_UNIT


@pytest.fixture(scope="module")
def sampler() -> PageCropSampler:
    test = pipeline.load(Data(name="digits")).test
    return PageCropSampler(test.images, test.labels, seed=0, outlier_count=10)


@pytest.fixture(scope="module")
def crops(sampler: PageCropSampler) -> PageCrops:
    return sampler.draw(0, 12)


def test_crops_have_one_size(crops: PageCrops):
    assert crops.inputs.shape == (12, SIDE, SIDE, CHANNELS)
    assert crops.foreground.shape == (12, SIDE, SIDE)
    assert crops.votes.shape == (12, SIDE // 2, SIDE // 2, 3)
    assert np.isfinite(crops.inputs).all()
    assert np.isfinite(crops.votes).all()


def test_a_crop_depends_on_the_seed_and_its_number_alone(sampler: PageCropSampler, crops: PageCrops):
    for array, again in zip(crops, sampler.draw(5, 2), strict=True):
        np.testing.assert_array_equal(array[5:7], again)
    other = PageCropSampler(sampler._images, sampler._labels, seed=1, outlier_count=10).draw(0, 2)
    assert (other.inputs != crops.inputs[:2]).any()


def test_votes_stand_where_strokes_are_and_meet_in_few_places(crops: PageCrops):
    strokes = crops.votes[..., 2] > 0
    shares = crops.foreground.reshape(12, SIDE // 2, 2, SIDE // 2, 2).mean(axis=(2, 4)) / 255
    assert shares[strokes].mean() > 0.7
    assert shares[~strokes].mean() < 0.05
    number, rows, columns = np.nonzero(strokes)
    votes = crops.votes[number, rows, columns].astype(np.float32) * VOTE_UNIT
    middles = np.stack([number, 2 * columns + 1 + votes[:, 0], 2 * rows + 1 + votes[:, 1]], axis=1)
    digits = len(np.unique(np.rint(middles / 2), axis=0))
    assert digits < len(middles) / 8
    assert 5 < np.median(votes[:, 2]) < 100


def test_there_are_crops_with_and_without_digits(sampler: PageCropSampler):
    counts = (sampler.draw(12, 40).foreground > 127).sum(axis=(1, 2))
    assert (counts == 0).any()
    assert (counts > 0).mean() > 0.6
