"""Optimizers and learning-rate schedules from their options."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from optax import contrib

from digitjax.config import SGD, Adam, AdamW, Lion, Muon, Schedule
from digitjax.config import Optimizer as Options


def make_schedule(options: Schedule, peak: float, steps: int) -> optax.Schedule:
    """Return the learning rate as a function of the step.

    It rises linearly over the warm-up's share of `steps` to `peak`, and falls to `final` times `peak`.
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
    rise = optax.linear_schedule(peak / (warmup + 1), peak, warmup)
    return optax.join_schedules([rise, decay], [warmup])


def make_optimizer(
    options: Options, schedule: optax.Schedule, clip_norm: float | None = None
) -> optax.GradientTransformation:
    """Return the optimizer with its learning rate given by `schedule`, after clipping if that is asked for."""
    optimizer = _make(options, schedule)
    return optax.chain(optax.clip_by_global_norm(clip_norm), optimizer) if clip_norm else optimizer


def _make(options: Options, schedule: optax.Schedule) -> optax.GradientTransformation:
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
    """Tell the kernels of layers, which decay, from biases and scales, which don't."""
    return jax.tree.map(lambda weight: jnp.ndim(weight) > 1, params)


def _as_matrices(params: Any) -> Any:
    """Say how Muon is to see a kernel: every input of an output in one column."""

    def numbers(weight: jax.Array) -> contrib.MuonDimensionNumbers | None:
        if weight.ndim < 2:
            return None
        return contrib.MuonDimensionNumbers(tuple(range(weight.ndim - 1)), weight.ndim - 1)

    return jax.tree.map(numbers, params)
