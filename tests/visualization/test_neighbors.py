"""The nearest training images of an image."""

import numpy as np
import pytest

from digitjax.data.pipeline import load
from digitjax.runs import Run
from digitjax.visualization.explain import neighbors, network
from digitjax.visualization.explain.features import embed
from digitjax.visualization.explain.neighbors import build_neighbor_index


def test_a_training_image_is_nearest_to_itself(tiny_run: Run):
    train = load(tiny_run.config.data).train
    nearest = build_neighbor_index(network.load(tiny_run)[0], train).nearest(train.images[7], 5)
    np.testing.assert_array_equal(nearest.images[0], train.images[7])
    assert (len(nearest), nearest.labels[0]) == (5, train.labels[7])


def test_neighbors_have_the_smallest_distances(tiny_run: Run):
    dataset = load(tiny_run.config.data)
    index = build_neighbor_index(network.load(tiny_run)[0], dataset.train)
    image = dataset.test.images[3]
    query, nearest = (
        embed(index.classifier, images) for images in (image[None], index.nearest(image, 3).images)
    )
    distances = np.linalg.norm(index.embeddings - query, axis=1)
    np.testing.assert_allclose(np.linalg.norm(nearest - query, axis=1), np.sort(distances)[:3], rtol=1e-3)


def test_a_large_training_split_is_subsampled_evenly(tiny_run: Run, monkeypatch: pytest.MonkeyPatch):
    train = load(tiny_run.config.data).train
    monkeypatch.setattr(neighbors, "MAX_IMAGES", 100)
    index = build_neighbor_index(network.load(tiny_run)[0], train)
    assert 50 < len(index.examples) == len(index.embeddings) <= 100
    np.testing.assert_array_equal(index.examples.labels, train.labels[:: len(train) // 100 + 1])
