"""Generated pictures of what is no digit: all of MNIST's form, none empty, the same for the same seed."""

import numpy as np
import pytest
from scipy import ndimage

from digitjax.config import Data
from digitjax.data import outliers, pipeline
from digitjax.data.outliers import OUTLIER_LABEL, generate


def test_the_seed_alone_decides_the_pictures():
    images = generate(50, 3)
    np.testing.assert_array_equal(images, generate(50, 3))
    assert (images != generate(50, 4)).any(axis=(1, 2)).all()
    assert len(np.unique(images, axis=0)) == 50


@pytest.mark.parametrize("kind", outliers._KINDS, ids=lambda kind: kind.__name__.strip("_"))
def test_every_kind_is_light_ink_fitted_and_centred_as_digits_are(kind, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outliers, "_KINDS", {kind: 1})
    for image in generate(20, 0):
        assert image.max() == 255
        assert (image == 0).sum() >= 28**2 - 20**2
        height, width = (np.ptp(np.flatnonzero(image.any(axis))) + 1 for axis in (1, 0))
        assert 15 <= max(height, width) <= 20
        np.testing.assert_allclose(ndimage.center_of_mass(image), (13.5, 13.5), atol=3)


def test_every_glyph_is_drawn():
    """A slip in the table would be an error, a stroke that is left out a picture with less ink."""
    rng = np.random.default_rng(0)
    for name, strokes in outliers._GLYPHS.items():
        for stroke in strokes.split(", "):
            places = stroke.removeprefix("~").split()
            assert len(places) >= 2, name
            assert all(len(place) == 2 and set(place) <= set("012345678") for place in places), name
    assert outliers._glyph(rng).any()


def test_they_are_added_to_the_training_pictures_as_a_share_of_them():
    dataset = pipeline.load(Data(outliers=0.1))
    assert set(dataset.train.labels) == set(range(10))
    split = pipeline.add_outliers(dataset.train, Data(outliers=0.1))
    assert len(split) == len(dataset.train) + round(0.1 * len(dataset.train))
    np.testing.assert_array_equal(split.images[: len(dataset.train)], dataset.train.images)
    added = split.labels[len(dataset.train) :]
    assert (added == OUTLIER_LABEL).all()
    assert added.dtype == np.int32
    assert pipeline.add_outliers(dataset.train, Data()) is dataset.train
