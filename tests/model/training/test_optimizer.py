"""Optimizers: what each does to kernels, and leaves alone in biases."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from digitjax.config import SGD, AdamW, Lion, Muon, Optimizer, options
from digitjax.model.training.optimizer import make_optimizer

PARAMS = {"kernel": jax.random.normal(jax.random.key(0), (3, 3, 4, 6)), "bias": jnp.ones(6)}
GRADIENT = {"kernel": jax.random.normal(jax.random.key(1), (3, 3, 4, 6)), "bias": jnp.full(6, 0.5)}


def first_update(
    chosen: Any, gradient: Any = GRADIENT, clip_norm: float | None = None
) -> dict[str, np.ndarray]:
    optimizer = make_optimizer(chosen, optax.constant_schedule(chosen.lr), clip_norm)
    updates, _ = optimizer.update(gradient, optimizer.init(PARAMS), PARAMS)
    return jax.device_get(updates)


@pytest.mark.parametrize("kind", options(Optimizer))
def test_every_optimizer_goes_against_the_gradient(kind: Any):
    updates = first_update(kind())
    for name, gradient in GRADIENT.items():
        assert (updates[name] * np.asarray(gradient)).sum() < 0


@pytest.mark.parametrize("kind", [SGD, AdamW, Lion, Muon])
def test_weight_decay_shrinks_kernels_and_leaves_biases_alone(kind: Any):
    plain, decayed = (first_update(kind(weight_decay=decay)) for decay in (0.0, 0.1))
    np.testing.assert_array_equal(plain["bias"], decayed["bias"])
    shrunk = np.sum((decayed["kernel"] - plain["kernel"]) * np.asarray(PARAMS["kernel"]))
    assert shrunk < 0


def test_lion_moves_every_weight_by_the_rate():
    np.testing.assert_allclose(np.abs(first_update(Lion(lr=0.25))["kernel"]), 0.25, rtol=1e-6)


def test_muon_steps_equally_far_in_every_direction_and_has_a_rate_for_the_rest():
    updates = first_update(Muon(lr=1.0, adam_lr=0.125))
    lengths = np.linalg.svd(updates["kernel"].reshape(36, 6), compute_uv=False)
    assert lengths.max() < 2 * lengths.min()
    assert np.ptp(np.linalg.svd(GRADIENT["kernel"].reshape(36, 6), compute_uv=False)) > 1
    twice = first_update(Muon(lr=1.0, adam_lr=0.25))
    np.testing.assert_allclose(twice["bias"], 2 * updates["bias"], rtol=1e-5)
    np.testing.assert_array_equal(twice["kernel"], updates["kernel"])


def test_a_long_gradient_is_scaled_down_and_a_short_one_is_not():
    chosen = SGD(lr=1.0, momentum=0.0, nesterov=False)
    clipped = first_update(chosen, clip_norm=1.0)
    assert float(optax.tree.norm(clipped)) == pytest.approx(1.0, rel=1e-5)
    free = first_update(chosen, clip_norm=1e6)
    np.testing.assert_allclose(free["bias"], -0.5, rtol=1e-6)
