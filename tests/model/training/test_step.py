"""The training step: moving average, mixup, clipping, initial weights."""

import dataclasses
import warnings
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from digitjax import environment
from digitjax.config import SGD, Config, MLPConfig, Schedule, Training
from digitjax.errors import InputError
from digitjax.model.network import load_weights
from digitjax.model.training.step import Trainer, TrainState, mixup, update_ema
from digitjax.model.training.train import train
from digitjax.runs import Run

IMAGES = jnp.asarray(np.random.default_rng(0).integers(0, 256, (8, 28, 28)), jnp.uint8)
LABELS = jnp.arange(8, dtype=jnp.int32)
PLAIN = Config(
    model=MLPConfig(dense=(), dropout=0.0),
    optimizer=SGD(lr=0.1, momentum=0.0, nesterov=False),
    schedule=Schedule(shape="constant", warmup=0.0),
)


def after(config: Config, steps: int) -> tuple[TrainState, dict[str, np.ndarray]]:
    """Return the state after so many steps on the same images, and the metrics of the steps."""
    trainer = Trainer(config, steps, steps)
    indices = np.tile(np.arange(8, dtype=np.int32), (steps, 1))
    weights = np.ones((steps, 8), np.float32)
    state = trainer.initial_state(jax.random.key(0))
    if not steps:
        return state, {}
    state, metrics = trainer.take_steps(state, jax.random.key(1), IMAGES, LABELS, indices, weights, 0, steps)
    return state, jax.device_get(metrics)


def with_training(**options: Any) -> Config:
    return dataclasses.replace(PLAIN, training=Training(**options))


def kernel(state: TrainState) -> np.ndarray:
    return np.asarray(state.weights.params["head"]["kernel"])


def test_steps_lower_the_loss_and_are_logged_one_by_one():
    state, metrics = after(PLAIN, 30)
    assert int(state.step) == 30
    assert metrics["loss"][-1] < 0.5 * metrics["loss"][0]
    assert metrics["accuracy"][-1] == 1
    np.testing.assert_allclose(metrics["learning_rate"], 0.1)


def test_the_moving_average_is_kept_instead_of_the_weights():
    plain, _ = after(PLAIN, 3)
    state, _ = after(with_training(ema=0.9), 3)
    np.testing.assert_array_equal(kernel(state), kernel(plain))
    states = [kernel(after(PLAIN, n)[0]) for n in (0, 1, 2, 3)]
    expected = states[0]
    for step, new in enumerate(states[1:]):
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * new
    assert state.kept_weights is state.ema
    np.testing.assert_allclose(state.ema.params["head"]["kernel"], expected, rtol=1e-5, atol=1e-7)


def test_the_moving_average_of_equal_weights_is_these_weights():
    weights = after(PLAIN, 1)[0].weights
    updated = update_ema(weights, weights, 0.99, jnp.int32(5))
    np.testing.assert_allclose(updated.params["head"]["kernel"], weights.params["head"]["kernel"], rtol=1e-6)


def test_clipping_bounds_the_length_of_a_step():
    start, (free, _), (clipped, _) = (
        after(PLAIN, 0)[0],
        after(PLAIN, 1),
        after(with_training(clip_norm=0.01), 1),
    )

    def length(state: TrainState) -> float:
        moves = jax.tree.map(lambda a, b: a - b, state.weights.params, start.weights.params)
        return float(sum((move**2).sum() for move in jax.tree.leaves(moves)) ** 0.5)

    assert length(clipped) == pytest.approx(0.1 * 0.01, rel=1e-3)
    assert length(free) > 10 * length(clipped)


def test_mixup_mixes_images_and_targets_by_the_same_share():
    inputs, targets = jnp.eye(8)[:, :1].reshape(8, 1, 1, 1) * jnp.ones((8, 28, 28, 1)), jnp.eye(8, 10)
    mixed, mixed_targets = mixup(jax.random.key(0), 1.0, inputs, targets)
    share = np.asarray(mixed_targets[0, 0])
    assert 0.01 < share < 0.99
    np.testing.assert_allclose(mixed[0], np.full((28, 28, 1), share), rtol=1e-6)
    np.testing.assert_allclose(mixed_targets.sum(axis=1), 1, rtol=1e-6)
    assert float(mixed_targets[0, 7]) == pytest.approx(1 - share)
    shares = np.asarray(mixed_targets.max(axis=1))
    assert len(np.unique(shares)) > 4  # each image has its own share


def test_mixup_changes_the_training_step():
    assert (kernel(after(with_training(mixup=1.0), 1)[0]) != kernel(after(PLAIN, 1)[0])).any()


def test_a_run_can_be_fine_tuned(tiny_run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    config = dataclasses.replace(
        tiny_run.config,
        name="tuned",
        optimizer=SGD(lr=1e-9),
        training=Training(epochs=2, batch_size=500, init_from=str(tiny_run.path)),
    )
    with jax.log_compiles(), warnings.catch_warnings():
        tuned = train(config, tmp_path)
    compiled = [
        record.getMessage() for record in caplog.records if "Compiling jit(_take_steps)" in record.message
    ]
    assert len(compiled) == 1
    (_, before), (_, now) = (load_weights(run, Trainer(config, 1, 1).network) for run in (tiny_run, tuned))
    for a, b in zip(jax.tree.leaves(before.params), jax.tree.leaves(now.params), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("path", ["nowhere", "other"])
def test_a_run_that_cannot_be_fine_tuned_is_refused_before_a_folder_is_created(
    tiny_run: Run, tmp_path: Path, path: str
):
    start = str(tiny_run.path) if path == "other" else str(tmp_path / path)
    config = Config(name="tuned", model=MLPConfig(), training=Training(init_from=start))
    with pytest.raises(InputError, match=r"training\.init_from"):
        train(config, tmp_path)
    assert not (tmp_path / "tuned").exists()


def test_options_that_xla_does_not_know_are_left_out(monkeypatch: pytest.MonkeyPatch):
    def refuse(function: Any, compiler_options: Any = None) -> Any:
        raise jax.errors.JaxRuntimeError("No such compile option")

    environment.compiler_options.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(jax, "jit", refuse)
        assert environment.compiler_options() == {}
    environment.compiler_options.cache_clear()
    assert jax.jit(lambda x: x + 1, compiler_options=environment.compiler_options())(1) == 2
