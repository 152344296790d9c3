import numpy as np
import pytest

from digitjax.data.pipeline import load
from digitjax.runs import Run
from digitjax.visualization.explain import neighbours, network
from digitjax.visualization.explain.neighbours import find_neighbourhood


def test_a_training_picture_is_nearest_to_itself(tiny_run: Run):
    train = load(tiny_run.config.data).train
    found = find_neighbourhood(network.load(tiny_run)[0], train).nearest(train.images[7], 5)
    np.testing.assert_array_equal(found.images[0], train.images[7])
    assert (len(found), found.labels[0]) == (5, train.labels[7])


def test_of_many_pictures_some_in_even_steps_are_searched(tiny_run: Run, monkeypatch: pytest.MonkeyPatch):
    train = load(tiny_run.config.data).train
    monkeypatch.setattr(neighbours, "MOST", 100)
    near = find_neighbourhood(network.load(tiny_run)[0], train)
    assert 50 < len(near.examples) == len(near.features) <= 100
    np.testing.assert_array_equal(near.examples.labels, train.labels[:: len(train) // 100 + 1])
