"""Several networks, and several tta of a picture, answer with the mean of their probabilities."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.special import softmax

from digitjax.config import CNNConfig, MLPConfig
from digitjax.errors import InputError
from digitjax.model import classifier, predictor
from digitjax.model.classifier import Classifier
from digitjax.model.network import Network
from digitjax.model.predictor import Predictor
from digitjax.model.tta import TRANSFORMS, find_transforms, shift
from digitjax.runs import Run

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 28, 28)).astype(np.uint8)
OPTIONS = [MLPConfig(dense=(16,)), MLPConfig(dense=(16,)), CNNConfig(channels=(2,), dense=())]
MEMBERS = [(Network(o), Network(o).init(jax.random.key(i))) for i, o in enumerate(OPTIONS)]


@given(st.integers(-3, 3), st.integers(-3, 3))
def test_a_shift_moves_rows_down_and_columns_to_the_right(down: int, right: int):
    expected = ndimage.shift(IMAGES, (0, down, right), order=0)
    np.testing.assert_array_equal(shift(jnp.asarray(IMAGES), down, right), expected)


def test_views_are_averaged_as_probabilities():
    network, weights = MEMBERS[0]
    moves = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]
    moved = [ndimage.shift(IMAGES, (0, *move), order=0) for move in moves]
    expected = np.mean([softmax(Predictor(network)(weights, images), axis=1) for images in moved], axis=0)
    logits = Predictor(network, tta=TRANSFORMS["shifts"])(weights, IMAGES)
    np.testing.assert_allclose(np.exp(logits), expected, atol=1e-6)


@pytest.mark.parametrize("tta", TRANSFORMS)
def test_an_ensemble_gives_the_mean_of_the_probabilities(tta: str):
    of_each = [Predictor(n, tta=TRANSFORMS[tta])(w, IMAGES) for n, w in MEMBERS]
    logits = Classifier(MEMBERS, TRANSFORMS[tta])(IMAGES)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(np.exp(logits), np.mean(softmax(of_each, axis=2), axis=0), atol=1e-6)


def test_a_single_network_gives_its_own_logits():
    network, weights = MEMBERS[2]
    np.testing.assert_array_equal(Classifier([MEMBERS[2]])(IMAGES), Predictor(network)(weights, IMAGES))


def test_networks_of_one_architecture_share_what_is_compiled(monkeypatch: pytest.MonkeyPatch):
    made = []
    monkeypatch.setattr(
        classifier, "Predictor", lambda *a, **k: made.append(a) or predictor.Predictor(*a, **k)
    )
    Classifier(MEMBERS)
    assert len(made) == 2


def test_unknown_views_are_refused():
    with pytest.raises(InputError, match="no test-time augmentation 'all': choose one of none, shifts"):
        find_transforms("all")


def test_loading_says_which_steps_were_used(tiny_run: Run):
    classify, steps = classifier.load([tiny_run, tiny_run])
    assert steps == [21, 21]
    one, _ = classifier.load([tiny_run])
    np.testing.assert_allclose(softmax(classify(IMAGES), axis=1), softmax(one(IMAGES), axis=1), atol=1e-6)
