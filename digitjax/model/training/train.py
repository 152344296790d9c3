"""Training: from a config to a run folder that holds all of it."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from filelock import FileLock, Timeout

from digitjax import environment, runs
from digitjax.config import Config, differences, to_json, validate
from digitjax.data import pipeline
from digitjax.errors import InputError
from digitjax.model import checkpoint
from digitjax.model.network import Weights, load_weights
from digitjax.model.predictor import Predictor
from digitjax.model.training import distributed, sharding
from digitjax.model.training.metrics_log import ADVICE, MetricsLog
from digitjax.model.training.step import Trainer, TrainState
from digitjax.progress import Progress
from digitjax.runs import Run
from digitjax.signals import catch_signals


class Interrupted(Exception):  # noqa: N818
    """The training was asked to stop, and has saved all it had."""

    def __init__(self, run: Run, step: int, signal_number: int):
        super().__init__(f"stopped at step {step:,}, which is saved: continue it with --resume")
        self.run = run
        self.signal_number = signal_number


def train(
    config: Config,
    folder: Path = runs.DEFAULT_FOLDER,
    *,
    resume: bool = False,
    overwrite: bool = False,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
) -> Run:
    """Train a network on all devices of all processes and return its run.

    Args:
        config: the experiment; its name becomes that of the run folder.
        folder: where run folders lie.
        resume: continue the run of that name, if there is one, bit for bit as if it had never stopped.
        overwrite: discard a run of that name first.
        on_epoch: called after each epoch with its number, from 1, and its validation metrics, in process 0;
            an exception that it raises ends the training.

    Raises:
        InputError: the config, the data or the folder cannot be used.
        FloatingPointError: the loss is not finite; the last good checkpoint is kept.
        Interrupted: on Ctrl-C or SIGTERM, after saving.
    """
    config = validate(config)
    run = Run(folder / config.name)
    goes_on = distributed.is_writer() and resume and run.path.exists()
    begins = distributed.is_writer() and not goes_on
    # Before the folder is made, so that nothing is left behind.
    with distributed.propagate_errors():
        sharding.require_divisible(config.training.batch_size)
        if goes_on:
            require_same(run, config)
        dataset = pipeline.load(config.data)
        if goes_on:
            _require_same_data(run, dataset)
        if begins:
            _check_start(config)
    distributed.require_same(config=to_json(config), data=dataset.sha256)
    with distributed.propagate_errors():
        if begins:
            runs.create(config, folder, overwrite=overwrite)
    with _held(run):
        fit(config, run, dataset, on_epoch)
    return run


def require_same(run: Run, config: Config) -> None:
    """Refuse to go on with a run in another way than it was begun.

    Raises:
        InputError: the configs differ; the message names the first field.
    """
    if (run.path / runs.GROUP_FILE).exists():
        raise InputError(f"{run.path} is a group of seeds: continue it with --resume and its --seeds")
    if changed := differences(run.config, config):
        field, (before, now) = next(iter(changed.items()))
        raise InputError(
            f"{run.path} was begun with {field} {before!r}, not {now!r}: resume it with its own settings"
        )


def _require_same_data(run: Run, dataset: pipeline.Dataset) -> None:
    """Refuse to go on with a run on other pictures: a folder of one's own may have changed."""
    begun = (run.path / "environment.json").exists()
    if begun and run.environment.get("data_sha256") != dataset.sha256:
        raise InputError(f"{run.path} was begun with other pictures: begin anew with another --name")


def fit(
    config: Config,
    run: Run,
    dataset: pipeline.Dataset,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
) -> None:
    """Train in a run folder, from its newest good checkpoint if it has one."""
    # ------------------------------------------------------------------------------------- data
    pictures = pipeline.add_outliers(dataset.train, config.data)
    size, batch_size = len(pictures), config.training.batch_size
    steps_per_epoch = -(-size // batch_size)
    total = max(1, round(steps_per_epoch * config.training.epochs))
    images, labels = sharding.replicate((jnp.asarray(pictures.images), jnp.asarray(pictures.labels)))
    begun_with = {
        **environment.describe(),
        "processes": distributed.describe(),
        "data_sha256": dataset.sha256,
        "steps_per_epoch": steps_per_epoch,
    }
    if distributed.is_writer():
        runs.write_json(run.path / "environment.json", begun_with)

    # ------------------------------------------------------------------------------------ model
    # On a CPU few, so that Ctrl-C is answered soon; an accelerator does a whole epoch unattended.
    steps_per_call = 8 if jax.default_backend() == "cpu" else steps_per_epoch
    trainer = Trainer(config, total, steps_per_call)
    predict = Predictor(trainer.network)
    init_key, step_key = jax.random.split(jax.random.key(config.seed))
    with distributed.propagate_errors():
        state = _start(config, run, trainer, init_key)
    state = sharding.replicate(distributed.broadcast(state))

    # ------------------------------------------------------------------------------------- loop
    step = int(state.step)
    progress = Progress(total, math.ceil(config.training.epochs), step, shown=distributed.is_writer())
    with (
        MetricsLog(run, batch_size, config.training.log_every, progress) as log,
        _writers(config, run) as (writer, history),
        catch_signals() as signals,
    ):
        while step < total and not _out_of_patience(log, config):
            epoch, first = divmod(step, steps_per_epoch)
            indices, weights = pipeline.batch_indices(config.seed, epoch, size, batch_size)
            end = min(steps_per_epoch, total - epoch * steps_per_epoch)
            for i in range(first, end, steps_per_call):
                last = min(i + steps_per_call, end)
                state, metrics = trainer.take_steps(
                    state, step_key, images, labels, indices, weights, i, last
                )
                log.train(epoch + 1, step, last - i, metrics)
                step += last - i
                if stop := distributed.all_reduce_max(signals[0] if signals else 0):
                    break
            log.flush()
            kept = sharding.local(state.kept_weights)
            validation = {}
            if step % steps_per_epoch == 0 or step == total:
                if writer and len(dataset.validation):
                    outputs = predict(kept, dataset.validation.images)
                    validation = trainer.objective.validate(outputs, dataset.validation)
                log.validation(epoch + 1, step, validation, len(dataset.validation))
            _require_finite(run, step, kept)
            if writer:
                writer.save(step, sharding.local(_parts(state)), validation)
            if history and step % (steps_per_epoch * (config.training.keep_weights_every or 1)) == 0:
                history.save(step, {"weights": kept}, validation)
            if stop:
                if writer:
                    writer.wait()
                raise Interrupted(run, step, stop)
            if on_epoch and validation:
                on_epoch(epoch + 1, validation)
    finished = {"step": step, "epoch": step // steps_per_epoch, "stopped_early": step < total}
    if distributed.is_writer():
        runs.write_json(run.path / "finished.json", finished)


@contextmanager
def _held(run: Run) -> Iterator[None]:
    """Keep other trainings out of a run."""
    lock = FileLock(run.path / ".lock", blocking=False)
    with distributed.propagate_errors():
        try:
            if distributed.is_writer():
                lock.acquire()
        except Timeout:
            raise InputError(
                f"{run.path} is being trained by another process: wait for it, or stop it"
            ) from None
    try:
        yield
    finally:
        if lock.is_locked:
            Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def _out_of_patience(log: MetricsLog, config: Config) -> bool:
    """Whether process 0, which knows the whole log, has seen no improvement for too long."""
    return (
        distributed.all_reduce_max(distributed.is_writer() and log.out_of_patience(config.training.patience))
        > 0
    )


# ----------------------------------------------------------------------------------------- state


def _parts(state: TrainState) -> dict[str, Any]:
    """Split the state so that readers find the weights to use, and need not load the rest."""
    optimizer = {"step": state.step, "state": state.optimizer}
    if state.ema is not None:
        optimizer["weights"] = state.weights
    return {"weights": state.kept_weights, "optimizer": optimizer}


def _state(parts: dict[str, Any]) -> TrainState:
    """Put the state together again."""
    optimizer = parts["optimizer"]
    if "weights" in optimizer:
        return TrainState(optimizer["step"], optimizer["weights"], optimizer["state"], parts["weights"])
    return TrainState(optimizer["step"], parts["weights"], optimizer["state"], None)


def _start(config: Config, run: Run, trainer: Trainer, key: jax.Array) -> TrainState:
    """Return the state to go on from: process 0 has it, and the others take its place with zeros."""
    if not distributed.is_writer():
        return jax.tree.map(
            lambda leaf: np.zeros(leaf.shape, leaf.dtype), jax.eval_shape(trainer.initial_state, key)
        )
    return _restore(run, trainer) or _begin(config, trainer, key)


def _begin(config: Config, trainer: Trainer, key: jax.Array) -> TrainState:
    """Return the state before the first step: with new weights, or those of the run to start from."""
    if config.training.init_from is None:
        return trainer.initial_state(key)
    _, weights = load_weights(runs.find_run(config.training.init_from), trainer.network)
    return trainer.state_of(weights)


def _check_start(config: Config) -> None:
    """Refuse to start from a run that is not there, or has another model."""
    if (start := config.training.init_from) is None:
        return
    try:
        other = runs.find_run(start)
    except InputError as error:
        raise InputError(f"training.init_from: {error}") from None
    if other.config.model != config.model:
        raise InputError(f"training.init_from: {start} has another model: give the same --model options")


def _require_finite(run: Run, step: int, weights: Weights) -> None:
    """Refuse to save weights that an update has spoilt after its own loss was still finite."""
    finite = [jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(weights)]
    if not all(jax.device_get(finite)):
        raise FloatingPointError(f"{run.path}: the weights after step {step:,} are not finite: {ADVICE}")


def _restore(run: Run, trainer: Trainer) -> TrainState | None:
    """Load the newest good state and clear away what the run will write again."""
    if not checkpoint.list_checkpoints(run.checkpoints):
        step, state = 0, None
    else:
        abstract = jax.eval_shape(trainer.initial_state, jax.random.key(0))
        step, parts = checkpoint.load(run.checkpoints, _parts(abstract))
        state = _state(parts)
    checkpoint.discard_after(run.checkpoints, step)
    checkpoint.discard_after(run.weights, step)
    kept = [json.dumps(line) + "\n" for line in run.metrics() if line["step"] <= step]
    runs.write_text(run.metrics_file, "".join(kept))
    return state


@contextmanager
def _writers(config: Config, run: Run) -> Iterator[tuple[checkpoint.Writer | None, checkpoint.Writer | None]]:
    """Open the folder of the checkpoints, and that of the weights where they are to be kept; in process 0 alone."""
    options, description = config.training, to_json(config)
    with ExitStack() as stack:
        writer = history = None
        if distributed.is_writer():
            best = options.keep_best
            writer = stack.enter_context(
                checkpoint.Writer(run.checkpoints, keep_best=best, description=description)
            )
            if options.keep_weights_every:
                history = stack.enter_context(checkpoint.Writer(run.weights, description=description))
        yield writer, history
