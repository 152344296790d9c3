"""Networks, predictions in batches, learning-rate schedules."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitjax.config import SGD, Adam, CNNConfig, MLPConfig, Schedule
from digitjax.data.normalize import normalize
from digitjax.model.network import Network
from digitjax.model.predictor import Predictor
from digitjax.model.training.optimizer import make_optimizer, make_schedule

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 28, 28)).astype(np.uint8)


def test_training_drops_features_and_moves_statistics_while_inference_does_neither():
    network = Network(CNNConfig(channels=(4,), dense=(8,), dropout=0.5))
    weights = network.init(jax.random.key(0))
    inputs = normalize(IMAGES)
    first, _, stats = network.train(weights, inputs, jax.random.key(1))
    second, *_ = network.train(weights, inputs, jax.random.key(2))
    again, *_ = network.train(weights, inputs, jax.random.key(1))
    assert not np.allclose(first, second)
    np.testing.assert_array_equal(first, again)
    changed = jax.tree.map(lambda a, b: not np.allclose(a, b), stats, weights.stats)
    assert all(jax.tree.leaves(changed))
    assert len(jax.tree.leaves(changed)) == 2
    np.testing.assert_array_equal(network(weights, inputs)[0], network(weights, inputs)[0])


@settings(max_examples=20)
@given(st.integers(0, 40), st.sampled_from([1, 4, 8]))
def test_batching_changes_no_logit(count: int, batch_size: int):
    images = np.random.default_rng(count).integers(0, 256, (count, 28, 28)).astype(np.uint8)
    logits = Predictor(NETWORK, batch_size)(WEIGHTS, images)
    assert logits.shape == (count, 10)
    if count:
        np.testing.assert_allclose(logits, NETWORK(WEIGHTS, normalize(images))[0], atol=1e-5)


NETWORK = Network(MLPConfig(dense=(16,)))
WEIGHTS = NETWORK.init(jax.random.key(0))


@pytest.mark.parametrize("shape", ["constant", "linear", "cosine"])
def test_a_schedule_rises_to_its_peak_and_ends_where_it_should(shape: Any):
    schedule = make_schedule(Schedule(shape=shape, warmup=0.25, final=0.1), peak=2.0, steps=100)
    rates = [float(schedule(step)) for step in range(101)]
    assert 0 < rates[0] < 0.1
    assert rates[:26] == sorted(rates[:26])
    assert max(rates) == pytest.approx(2.0)
    assert rates[100] == pytest.approx(2.0 if shape == "constant" else 0.2)
    assert rates[25:] == sorted(rates[25:], reverse=True)


def test_without_warmup_the_first_rate_is_the_highest():
    assert float(make_schedule(Schedule(warmup=0.0), 2.0, 100)(0)) == 2.0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (Adam(b1=0.5, b2=0.9), optax.adam(0.1, 0.5, 0.9)),
        (SGD(momentum=0.5, nesterov=True), optax.sgd(0.1, 0.5, nesterov=True)),
        (SGD(momentum=0.5, nesterov=False), optax.sgd(0.1, 0.5, nesterov=False)),
    ],
)
def test_optimizers_take_their_options(options: Adam | SGD, expected: optax.GradientTransformation):
    optimizer = make_optimizer(options, optax.constant_schedule(0.1))
    params = other = jnp.array([1.0, -2.0])
    state, other_state = optimizer.init(params), expected.init(params)
    for _ in range(3):
        updates, state = optimizer.update(params * 2, state, params)
        params = optax.apply_updates(params, updates)
        updates, other_state = expected.update(other * 2, other_state, other)
        other = optax.apply_updates(other, updates)
    np.testing.assert_allclose(params, other, rtol=1e-6)
