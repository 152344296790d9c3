"""Generated outliers: all of MNIST's form, none empty, the same for the same seed."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from digitjax.config import Data, Training
from digitjax.data import pipeline
from digitjax.data.outliers import GLYPHS, OUTLIER_LABEL, generate, generate_kinds
from digitjax.evaluation.evaluate import evaluate
from digitjax.model.training.train import train
from tests.conftest import TINY


def test_the_seed_alone_decides_the_images():
    images = generate(50, 3)
    np.testing.assert_array_equal(images, generate(50, 3))
    assert (images != generate(50, 4)).any(axis=(1, 2)).all()
    assert len(np.unique(images, axis=0)) == 50


def test_every_kind_is_bright_scaled_and_centered_as_digits_are():
    images, kinds = generate_kinds(800, 0)
    names, counts = np.unique(kinds, return_counts=True)
    assert len(names) == 16
    assert counts.min() > 5
    for image, kind in zip(images, kinds, strict=True):
        assert image.max() == 255, kind
        assert (image == 0).sum() >= 28**2 - 20**2, kind
        height, width = (np.ptp(np.flatnonzero(image.any(axis))) + 1 for axis in (1, 0))
        assert 15 <= max(height, width) <= 20, kind
        np.testing.assert_allclose(ndimage.center_of_mass(image), (13.5, 13.5), atol=3, err_msg=str(kind))


def test_the_table_of_glyphs_is_well_formed():
    for name, strokes in GLYPHS.items():
        for stroke in strokes.split(", "):
            points = stroke.removeprefix("~").split()
            assert len(points) >= 2, name
            assert all(len(point) == 2 and set(point) <= set("012345678") for point in points), name


def test_outliers_are_appended_to_the_training_split_as_a_share_of_it():
    dataset = pipeline.load(Data(outliers=0.1))
    assert set(dataset.train.labels) == set(range(10))
    split = pipeline.add_outliers(dataset.train, Data(outliers=0.1))
    assert len(split) == len(dataset.train) + round(0.1 * len(dataset.train))
    np.testing.assert_array_equal(split.images[: len(dataset.train)], dataset.train.images)
    added = split.labels[len(dataset.train) :]
    assert (added == OUTLIER_LABEL).all()
    assert added.dtype == np.int32
    assert pipeline.add_outliers(dataset.train, Data()) is dataset.train


@pytest.mark.slow
def test_outliers_are_in_the_training_batches_alone(tmp_path: Path):
    config = dataclasses.replace(
        TINY, data=Data(outliers=0.5), training=Training(epochs=1, batch_size=100, log_every=1)
    )
    run = train(config, tmp_path)
    assert run.metrics()[-2]["step"] == math.ceil(1.5 * 1293 / 100)
    assert set(evaluate(run, "train").labels) == set(range(10))
