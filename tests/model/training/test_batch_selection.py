"""Batches are chosen from candidates by their latest losses."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digitjax.config import SGD, Config, MLPConfig, Schedule, Training
from digitjax.data import pipeline
from digitjax.data.normalize import normalize
from digitjax.model.training.batch_selection import UNSEEN, select
from digitjax.model.training.step import Trainer

SIZE, BATCH_SIZE, CANDIDATES = 40, 8, 3
STEPS = 5
IMAGES = jnp.asarray(np.random.default_rng(0).integers(0, 256, (SIZE, 28, 28)), jnp.uint8)
LABELS = jnp.arange(SIZE, dtype=jnp.int32) % 10
CONFIG = Config(
    model=MLPConfig(dense=(), dropout=0.0),
    optimizer=SGD(lr=1e-9, momentum=0.0, nesterov=False),
    schedule=Schedule(shape="constant", warmup=0.0),
    training=Training(batch_size=BATCH_SIZE, candidates=CANDIDATES),
)


def draw(losses: list[float], weights: list[float] | None = None, seed: int = 0, size: int = 2) -> list[int]:
    ones = np.ones(len(losses), np.float32)
    return select(jax.random.key(seed), jnp.asarray(losses), jnp.asarray(weights or ones), size).tolist()


@given(st.lists(st.floats(0, 100, width=32), min_size=5, max_size=5), st.integers(0, 2**31))
def test_a_batch_has_no_candidate_twice(losses: list[float], seed: int):
    positions = draw(losses, seed=seed, size=4)
    assert len(set(positions)) == 4
    assert set(positions) <= set(range(5))


def test_unseen_images_come_first():
    for seed in range(50):
        assert 2 in draw([5.0, 0.1, UNSEEN, 3.0], seed=seed)


def test_padding_comes_last():
    for seed in range(50):
        assert set(draw([1.0, 1.0, 50.0], weights=[1.0, 1.0, 0.0], seed=seed)) == {0, 1}


def test_the_first_is_drawn_as_often_as_its_share_of_the_losses():
    losses = jnp.asarray([0.5, 1.5, 2.5, 0.5])  # 0, 1 and 2 above the lowest
    keys = jax.random.split(jax.random.key(0), 4000)
    first = jax.vmap(lambda key: select(key, losses, jnp.ones(4), 1)[0])(keys)
    shares = np.bincount(first, minlength=4) / len(keys)
    np.testing.assert_allclose(shares, [0, 1 / 3, 2 / 3, 0], atol=0.03)


def test_the_state_has_the_latest_loss_of_each_image():
    trainer = Trainer(CONFIG, 2 * STEPS, STEPS, SIZE)
    state = trainer.initial_state(jax.random.key(0))
    for epoch in range(2):
        batches = pipeline.batch_indices(0, epoch, SIZE, BATCH_SIZE, CANDIDATES)
        state, _ = trainer.take_steps(state, jax.random.key(1), IMAGES, LABELS, *batches, 0, STEPS)
    # The rate is so low that the weights hardly change.
    outputs, _, _ = trainer.network.train(state.weights, normalize(IMAGES), jax.random.key(2))
    expected = trainer.objective.losses(outputs, {}, jax.nn.one_hot(LABELS, 10))
    losses = np.asarray(state.losses)
    seen = losses != UNSEEN
    assert seen.sum() > 0.9 * SIZE
    np.testing.assert_allclose(losses[seen], np.asarray(expected)[seen], rtol=1e-3)


def test_without_candidates_no_losses_are_kept():
    plain = dataclasses.replace(CONFIG, training=Training(batch_size=BATCH_SIZE))
    assert Trainer(plain, 1, 1, SIZE).initial_state(jax.random.key(0)).losses is None
