"""Resuming a run with another config than its own: for more epochs, or with what is changed on purpose."""

import warnings
from collections.abc import Callable, Collection
from typing import Any

from digitjax import runs
from digitjax.config import Config, differences, to_json
from digitjax.errors import InputError
from digitjax.model.training.optimizer import make_schedule
from digitjax.runs import Run

CHANGEABLE = ("optimizer.adam_lr", "optimizer.lr", "training.patience")
"""Fields that `--allow-changes` may name: with others, it would be another experiment under the same name."""
_NOTABLE = 0.01
"""Change of the learning rate that is told, as a share of the new peak."""


def require_resumable(run: Run, config: Config, allowed: Collection[str] = ()) -> None:
    """Refuse to resume a run with another config than its own, except for more epochs and what is allowed.

    Args:
        run: the run to resume.
        config: the config to resume it with.
        allowed: fields of `CHANGEABLE` that may have changed.

    Raises:
        InputError: the message names the first field that may not differ.
    """
    if (run.path / runs.GROUP_FILE).exists():
        raise InputError(f"{run.path} is a group of seeds: resume it with --resume and its --seeds")
    changed = differences(run.config, config)
    for field, (before, now) in changed.items():
        if field in allowed or (field == "training.epochs" and now > before):
            continue
        remedy = f", or change it on purpose with --allow-changes {field}" if field in CHANGEABLE else ""
        raise InputError(
            f"{run.path} was started with {field} {before!r}, not {now!r}: resume it with its own config{remedy}"
        )
    finished = run.path / "finished.json"
    stopped_early = finished.exists() and runs.read_json(finished).get("stopped_early")
    if stopped_early and "training.epochs" in changed and "training.patience" not in changed:
        raise InputError(
            f"{run.path} was stopped early: for more epochs also raise --training.patience, "
            "with --allow-changes training.patience"
        )


def require_changeable(fields: Collection[str], resume: bool) -> None:
    """Refuse `--allow-changes` without `--resume`, and with fields that may not change.

    Args:
        fields: dotted names.
        resume: whether a run is to be resumed.

    Raises:
        InputError: the message names the first field that may not change.
    """
    if fields and not resume:
        raise InputError("--allow-changes is for a run that is resumed: add --resume")
    for field in fields:
        if field not in CHANGEABLE:
            raise InputError(f"--allow-changes {field}: it must be one of {', '.join(CHANGEABLE)}")


def adopt(run: Run, config: Config, step: int, count_steps: Callable[[Config], int]) -> None:
    """Write a changed config into the folder of a run, record what changed, and mark the run as not finished.

    Args:
        run: the run.
        config: its new config, as `require_resumable` allows it.
        step: number of steps that were taken with the config before.
        count_steps: returns the number of steps of a whole training from its config.

    Warns:
        UserWarning: the learning rate jumps, since its schedule is that of the new config.
    """
    before = Run(run.path).config
    changed = differences(before, config)
    if not changed:
        return
    # In this order, so that the same command does the rest where it is killed in between.
    (run.path / "finished.json").unlink(missing_ok=True)
    entry = {"step": step, "fields": {field: list(values) for field, values in changed.items()}}
    if entry not in (changes := run.changes()):
        runs.write_json(run.path / runs.CHANGES_FILE, {"changes": [*changes, entry]})
    runs.write_text(run.path / "config.json", to_json(config))
    _warn_of_jump(run, before, config, step, count_steps)


def _warn_of_jump(
    run: Run, before: Config, config: Config, step: int, count_steps: Callable[[Config], int]
) -> None:
    old, new = (float(_rate(c, step, count_steps(c))) for c in (before, config))
    if step and abs(new - old) > _NOTABLE * config.optimizer.lr:
        warnings.warn(
            f"{run.path}: the learning rate goes from {old:.2g} to {new:.2g} at step {step:,}: its "
            f"{config.schedule.shape} schedule is that of {config.training.epochs:g} epochs from here on",
            stacklevel=2,
        )


def _rate(config: Config, step: int, steps: int) -> Any:
    return make_schedule(config.schedule, config.optimizer.lr, steps)(step)
