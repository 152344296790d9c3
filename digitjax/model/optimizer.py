"""Optimizers and learning-rate schedules from their options."""

import optax

from digitjax.config import SGD, Adam, Schedule


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


def make_optimizer(options: Adam | SGD, schedule: optax.Schedule) -> optax.GradientTransformation:
    """Return the optimizer with its learning rate given by `schedule`."""
    match options:
        case Adam():
            return optax.adamw(schedule, options.b1, options.b2, weight_decay=options.weight_decay)
        case SGD():
            return optax.sgd(schedule, options.momentum, options.nesterov)
