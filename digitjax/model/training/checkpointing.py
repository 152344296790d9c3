"""Saves the state of a training to the checkpoints of its run, and restores it from them."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from digitjax import runs
from digitjax.config import Config, to_json
from digitjax.model import checkpoint
from digitjax.model.network import load_weights
from digitjax.model.training import distributed, sharding
from digitjax.model.training.metrics_log import ADVICE
from digitjax.model.training.step import Trainer, TrainState
from digitjax.runs import Run, last_validation


def to_parts(state: TrainState) -> dict[str, Any]:
    """Split a state into the parts of a checkpoint: readers load the weights to use without the rest."""
    optimizer = {"step": state.step, "state": state.optimizer}
    if state.ema is not None:
        optimizer["weights"] = state.weights
    if state.losses is not None:
        optimizer["losses"] = state.losses
    return {"weights": state.kept_weights, "optimizer": optimizer}


def from_parts(parts: dict[str, Any]) -> TrainState:
    """Return the state that `to_parts` split."""
    optimizer, kept = parts["optimizer"], parts["weights"]
    weights, ema = (optimizer["weights"], kept) if "weights" in optimizer else (kept, None)
    return TrainState(optimizer["step"], weights, optimizer["state"], ema, optimizer.get("losses"))


def restore_or_initialize(config: Config, run: Run, trainer: Trainer, key: jax.Array) -> TrainState:
    """Return the state of the newest intact checkpoint of a run, or the initial one, on all devices.

    Process 0 reads it, and the other processes receive it.

    Args:
        config: the config of the run.
        run: the run; what its folder holds beyond that checkpoint is deleted.
        trainer: the trainer of this config.
        key: random key of the initial weights.

    Raises:
        InputError: every checkpoint is damaged, or the run of `training.init_from` cannot be used.
    """
    with distributed.propagate_errors():
        if distributed.is_writer():
            state = _restore(run, trainer) or _initialize(config, trainer, key)
        else:
            abstract = trainer.abstract_state()
            state = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), abstract)
    return sharding.replicate(distributed.broadcast(state))


def _restore(run: Run, trainer: Trainer) -> TrainState | None:
    """Load the newest intact state, if there is one, and delete what the training will write again."""
    step, state = 0, None
    if checkpoint.has_checkpoint(run.checkpoints):
        abstract = trainer.abstract_state()
        step, parts = checkpoint.load(run.checkpoints, to_parts(abstract))
        state = from_parts(parts)
    checkpoint.discard_after(run.checkpoints, step)
    checkpoint.discard_after(run.weights, step)
    last_validation.discard_after(run, step)
    lines = [json.dumps(line) + "\n" for line in run.metrics() if line["step"] <= step]
    runs.write_text(run.metrics_file, "".join(lines))
    return state


def _initialize(config: Config, trainer: Trainer, key: jax.Array) -> TrainState:
    """Return the state before the first step, with random weights or those of the run to fine-tune."""
    if config.training.init_from is None:
        return trainer.initial_state(key)
    _, weights = load_weights(runs.find_run(config.training.init_from), trainer.network)
    return trainer.state_of(weights)


@dataclass
class Writers:
    """Writers of the checkpoints of a run; all are None in other processes than the one that writes."""

    run: Run
    states: checkpoint.Writer | None
    weights: checkpoint.Writer | None
    weights_every: int
    """Steps between two checkpoints of the weights alone."""

    def save(self, step: int, state: TrainState, metrics: dict[str, float]) -> None:
        """Begin to save a state, and the weights alone where they are due.

        Args:
            step: the number of steps that were taken.
            state: the state after them.
            metrics: metrics on the validation split; empty within an epoch.

        Raises:
            FloatingPointError: the weights are not finite, though the loss before the last update was.
        """
        weights = sharding.local(state.kept_weights)
        # By NumPy: JAX would compile two programs for each shape.
        if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(jax.device_get(weights))):
            raise FloatingPointError(
                f"{self.run.path}: the weights after step {step:,} are not finite: {ADVICE}"
            )
        if self.states:
            self.states.save(step, sharding.local(to_parts(state)), metrics)
        if self.weights and step % self.weights_every == 0:
            self.weights.save(step, {"weights": weights}, metrics)

    def wait(self) -> None:
        """Return when the latest state is on disk."""
        if self.states:
            self.states.wait()


@contextmanager
def open_writers(config: Config, run: Run, steps_per_epoch: int) -> Iterator[Writers]:
    """Open the checkpoints of a run for writing, in the process that writes.

    Args:
        config: the config of the run.
        run: the run.
        steps_per_epoch: steps per epoch.

    Yields:
        The writers, of which all saves are on disk when the `with` statement ends.
    """
    options, description = config.training, to_json(config)
    states = weights = None
    with ExitStack() as stack:
        if distributed.is_writer():
            stored = {"description": description, "run_id": run.environment["run_id"]}
            states = stack.enter_context(
                checkpoint.Writer(run.checkpoints, keep_best=options.keep_best, **stored)
            )
            if options.keep_weights_every:
                weights = stack.enter_context(checkpoint.Writer(run.weights, **stored))
        yield Writers(run, states, weights, steps_per_epoch * (options.keep_weights_every or 1))
