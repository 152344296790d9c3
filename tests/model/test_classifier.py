"""Several networks, and several transforms of an image, predict the mean of their probabilities."""

import shutil
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.special import softmax

from digitjax import cli
from digitjax.config import CNNConfig, MLPConfig
from digitjax.data.run_data import load_split
from digitjax.errors import InputError
from digitjax.evaluation.evaluate import read, read_or_evaluate
from digitjax.model import classifier, predictor
from digitjax.model.classifier import Classifier
from digitjax.model.network import Network, load_weights
from digitjax.model.predictor import Predictor, bind
from digitjax.model.tta import TRANSFORMS, find_transforms, shift
from digitjax.runs import Run
from digitjax.runs.checkpoints import saved_steps

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 28, 28)).astype(np.uint8)
OPTIONS = [MLPConfig(dense=(16,)), MLPConfig(dense=(16,)), CNNConfig(channels=(2,), dense=())]
MEMBERS = [(Network(o), Network(o).init(jax.random.key(i))) for i, o in enumerate(OPTIONS)]


@given(st.integers(-3, 3), st.integers(-3, 3))
def test_a_shift_moves_rows_down_and_columns_to_the_right(down: int, right: int):
    expected = ndimage.shift(IMAGES, (0, down, right), order=0)
    np.testing.assert_array_equal(shift(jnp.asarray(IMAGES), down, right), expected)


def test_the_probabilities_of_the_transforms_are_averaged():
    network, weights = MEMBERS[0]
    moves = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]
    moved = [ndimage.shift(IMAGES, (0, *move), order=0) for move in moves]
    expected = np.mean([softmax(Predictor(network)(weights, images), axis=1) for images in moved], axis=0)
    logits = Predictor(network, tta=TRANSFORMS["shifts"])(weights, IMAGES)
    np.testing.assert_allclose(np.exp(logits), expected, atol=1e-6)


@pytest.mark.parametrize("tta", TRANSFORMS)
def test_an_ensemble_gives_the_mean_of_the_probabilities(tta: str):
    logits_of_members = [Predictor(n, tta=TRANSFORMS[tta])(w, IMAGES) for n, w in MEMBERS]
    logits = Classifier(bind(MEMBERS, TRANSFORMS[tta]))(IMAGES)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(np.exp(logits), np.mean(softmax(logits_of_members, axis=2), axis=0), atol=1e-6)


def test_a_single_network_gives_its_own_logits():
    network, weights = MEMBERS[2]
    np.testing.assert_array_equal(Classifier(bind([MEMBERS[2]]))(IMAGES), Predictor(network)(weights, IMAGES))


def test_networks_of_one_architecture_share_what_is_compiled(monkeypatch: pytest.MonkeyPatch):
    created = []
    monkeypatch.setattr(predictor, "Predictor", lambda *a, **k: created.append(a) or Predictor(*a, **k))
    bind(MEMBERS)
    assert len(created) == 2


def test_an_unknown_test_time_augmentation_is_refused():
    with pytest.raises(InputError, match="no test-time augmentation 'all': choose one of none, shifts"):
        find_transforms("all")


def test_loading_says_which_steps_were_used(tiny_run: Run):
    classify, steps = classifier.load([tiny_run, tiny_run])
    assert steps == [21, 21]
    single, _ = classifier.load([tiny_run])
    np.testing.assert_allclose(softmax(classify(IMAGES), axis=1), softmax(single(IMAGES), axis=1), atol=1e-6)


@pytest.fixture
def run_without_first_checkpoint(able_run: Run, tmp_path: Path) -> Run:
    """A run whose first epoch is kept in `weights/` alone."""
    run = Run(tmp_path / "able")
    shutil.copytree(able_run.path, run.path)
    first, *_ = saved_steps(run)
    shutil.rmtree(run.checkpoints / str(first))
    return run


def test_a_step_that_is_in_weights_alone_is_evaluated_like_any_other(run_without_first_checkpoint: Run):
    run = run_without_first_checkpoint
    first, *_ = saved_steps(run)
    cli.main(["evaluate", run.name, "--step", str(first), "--runs", str(run.path.parent)])
    evaluation = read(run, "test", first)
    assert evaluation.step == first
    _, weights = load_weights(run, Network(run.config.model), first)
    logits = Predictor(Network(run.config.model))(weights, load_split(run, "test").images)
    np.testing.assert_array_equal(evaluation.logits, logits)
    assert read_or_evaluate(run, "test", first).summary == evaluation.summary


def test_the_best_and_the_latest_step_are_those_of_the_checkpoints(run_without_first_checkpoint: Run):
    _, last = saved_steps(run_without_first_checkpoint)
    for step in ("best", "latest"):
        assert classifier.load([run_without_first_checkpoint], step)[1] == [last]
    with pytest.raises(InputError, match="there is no step '7': choose latest, best or one of 21, 42"):
        classifier.load([run_without_first_checkpoint], "7")
