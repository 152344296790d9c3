"""Builds optimizers and learning-rate schedules from their options."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from optax import contrib

from digitjax.config import SGD, Adam, AdamW, Lion, Muon, Schedule
from digitjax.config import Optimizer as Options


def make_schedule(options: Schedule, peak: float, steps: int) -> optax.Schedule:
    """Return the learning rate as a function of the step.

    Args:
        options: shape of the decay, and shares of the warm-up and of the final value.
        peak: the highest learning rate, at the end of the linear warm-up.
        steps: number of steps of the whole training.
    """
    warmup = round(options.warmup * steps)
    rest = max(1, steps - warmup)
    match options.shape:
        case "constant":
            decay = optax.constant_schedule(peak)
        case "linear":
            decay = optax.linear_schedule(peak, options.final * peak, rest)
        case "cosine":
            decay = optax.cosine_decay_schedule(peak, rest, options.final)
    warmup_schedule = optax.linear_schedule(peak / (warmup + 1), peak, warmup)
    return optax.join_schedules([warmup_schedule, decay], [warmup])


def make_optimizer(
    options: Options, schedule: optax.Schedule, clip_norm: float | None = None
) -> optax.GradientTransformation:
    """Return an optimizer.

    Args:
        options: which optimizer, and its hyper-parameters.
        schedule: learning rate as a function of the step.
        clip_norm: norm to which gradients are clipped; None clips none.
    """
    optimizer = _build(options, schedule)
    return optax.chain(optax.clip_by_global_norm(clip_norm), optimizer) if clip_norm else optimizer


def _build(options: Options, schedule: optax.Schedule) -> optax.GradientTransformation:
    match options:
        case SGD(momentum=momentum, nesterov=nesterov, weight_decay=decay):
            sgd = optax.sgd(schedule, momentum, nesterov)
            return optax.chain(optax.add_decayed_weights(decay, _are_kernels), sgd) if decay else sgd
        case Adam(b1=b1, b2=b2):
            return optax.adam(schedule, b1, b2)
        case AdamW(b1=b1, b2=b2, weight_decay=decay):
            return optax.adamw(schedule, b1, b2, weight_decay=decay, mask=_are_kernels)
        case Lion(b1=b1, b2=b2, weight_decay=decay):
            return optax.lion(schedule, b1, b2, weight_decay=decay, mask=_are_kernels)
        case Muon(lr=lr, momentum=momentum, weight_decay=decay, adam_lr=adam_lr):
            return contrib.muon(
                schedule,
                beta=momentum,
                weight_decay=decay,
                adam_learning_rate=lambda step: schedule(step) * (adam_lr / lr),
                muon_weight_dimension_numbers=_as_matrices,
            )


def _are_kernels(params: Any) -> Any:
    """Return the mask of the weights that decay: kernels do, biases and scales do not."""
    return jax.tree.map(lambda weight: jnp.ndim(weight) > 1, params)


def _as_matrices(params: Any) -> Any:
    """Return the dimensions by which Muon reshapes kernels to matrices: all inputs of an output in one column."""

    def numbers(weight: jax.Array) -> contrib.MuonDimensionNumbers | None:
        if weight.ndim < 2:
            return None
        return contrib.MuonDimensionNumbers(tuple(range(weight.ndim - 1)), weight.ndim - 1)

    return jax.tree.map(numbers, params)
