"""Training: from a config to a run folder that holds everything about it.

The way from `digitjax train mnist` to the run folder:

1. `digitjax.cli.training.train` takes the command line.
2. `digitjax.experiments.load` executes `experiments/mnist.py` and returns its `config`.
3. `digitjax.config.override` applies the fields given on the command line; the config is valid from here on.
4. `train` refuses what cannot be trained before anything is written.
5. `digitjax.data.pipeline.load` returns the splits, which are cached at the first use.
6. `digitjax.runs.create_run` creates, under the lock of the run, the run folder with config.json.
7. `fit` writes environment.json, builds the `Trainer`, and restores the newest checkpoint or initializes the weights.
8. `_EpochTrainer` takes the steps of an epoch; `MetricsLog` writes their metrics to metrics.jsonl.
9. `validation.Validator` predicts the validation split, and writes validation.json.
10. `checkpointing.Writers` saves checkpoints/, and weights/ where asked for.
11. `_finish` writes finished.json.
12. `_calibrate` writes calibration.json.
"""

import math
import uuid
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp

from digitjax import environment, runs
from digitjax.config import Config, to_json, validate
from digitjax.data import pipeline
from digitjax.data.pipeline import Dataset, Split
from digitjax.errors import InputError, naming_path, warn
from digitjax.model import calibration
from digitjax.model.calibration import Calibration
from digitjax.model.predictor import Predictor
from digitjax.model.training import checkpointing, distributed, sharding
from digitjax.model.training.metrics_log import MetricsLog
from digitjax.model.training.resume import adopt, require_changeable, require_resumable
from digitjax.model.training.step import Trainer, TrainState
from digitjax.model.training.validation import Validator
from digitjax.progress import Progress
from digitjax.runs import Run, integrity, status
from digitjax.runs.checkpoints import find_checkpoint
from digitjax.runs.folders import training_lock
from digitjax.signals import catch_signals

_FAILURES = (FloatingPointError, MemoryError, OSError, RuntimeError)
"""What is noted in the run as the reason of its end: a loss that is not finite, the memory, the disk, the device."""
OnEpoch = Callable[[int, dict[str, float]], None]
"""Called after an epoch with its number, from 1, and its metrics on the validation split."""


class Interrupted(Exception):  # noqa: N818
    """The training was stopped by a signal, after saving its state."""

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
    allow_changes: Collection[str] = (),
    on_epoch: OnEpoch | None = None,
) -> Run:
    """Train a network on all devices of all processes, and calibrate it if it is a classifier.

    Args:
        config: the experiment; its name becomes that of the run folder.
        folder: folder of run folders.
        resume: continue the run of that name, if there is one, bit for bit as if it had never stopped; with more
            epochs than it has, it is extended.
        overwrite: delete a run of that name first.
        allow_changes: fields of `resume.CHANGEABLE` that may differ from the config of the run that is resumed.
        on_epoch: called after each epoch in process 0; an exception that it raises ends the training.

    Returns:
        The run, trained and calibrated. With `data.refit` there is no validation split to calibrate on.

    Raises:
        InputError: the config, the data or the folder cannot be used.
        FloatingPointError: the loss is not finite; the last good checkpoint is kept.
        Interrupted: on Ctrl-C or SIGTERM, after saving.

    Warns:
        UserWarning: there is no image of some digit, or a resumed run goes on with another learning rate.
    """
    config = validate(config)
    require_changeable(allow_changes, resume)
    run = Run(folder / config.name)
    resuming = distributed.is_writer() and resume and run.path.exists()
    starting = distributed.is_writer() and not resuming
    # Before the folder is created, so that nothing is left behind.
    with distributed.propagate_errors():
        sharding.require_divisible(config.training.batch_size)
        if resuming:
            require_resumable(run, config, allow_changes)
            for problem in integrity.find_file_problems(run):
                warn(problem)
        dataset = pipeline.load(config.data)
        if resuming:
            _require_same_data(run, dataset)
        if starting:
            _require_init_from(config)
            _warn_of_missing_classes(dataset.train)
    distributed.require_same(config=to_json(config), data=dataset.sha256)
    with lock(run.path), naming_path(run.path):  # before anything is removed
        with distributed.propagate_errors():
            if starting:
                runs.create_run(config, folder, overwrite=overwrite)
            elif resuming:
                # Again: it may have been overwritten meanwhile.
                require_resumable(Run(run.path), config, allow_changes)
        try:
            fit(config, run, dataset, on_epoch)
        except _FAILURES as error:
            if distributed.is_writer():
                status.write_failure(run, error)
            raise
    return run


def fit(config: Config, run: Run, dataset: Dataset, on_epoch: OnEpoch | None = None) -> None:
    """Train in a run folder, from its newest intact checkpoint if it has one, and calibrate.

    Args:
        config: the config of the run, validated.
        run: a run folder with this config.
        dataset: the data of the config.
        on_epoch: called after each epoch in process 0.

    Raises:
        FloatingPointError: the loss is not finite; the last good checkpoint is kept.
        Interrupted: on Ctrl-C or SIGTERM, after saving.
    """
    examples = pipeline.add_outliers(dataset.train, config.data)
    plan = _plan(config, len(examples))
    _write_environment(run, dataset, plan)
    trainer = Trainer(config, plan.steps, plan.steps_per_call, len(examples))
    init_key, step_key = jax.random.split(jax.random.key(config.seed))
    state = checkpointing.restore_or_initialize(config, run, trainer, init_key)
    if distributed.is_writer():
        adopt(run, config, int(state.step), lambda config: _plan(config, len(examples)).steps)
    epochs = _EpochTrainer(config, trainer, plan, examples, step_key)
    validator = Validator(config, run, trainer.objective, Predictor(trainer.network), dataset.validation)
    step = int(state.step)
    progress = Progress(plan.steps, math.ceil(config.training.epochs), step, shown=distributed.is_writer())
    with (
        MetricsLog(run, config.training.batch_size, config.training.log_every, progress) as log,
        checkpointing.open_writers(config, run, plan.steps_per_epoch) as writers,
        catch_signals() as signals,
    ):
        while step < plan.steps and not _is_out_of_patience(log, config):
            epoch = step // plan.steps_per_epoch + 1
            state, step, signal_number = epochs.train(state, step, log, signals)
            metrics = {}
            if step % plan.steps_per_epoch == 0 or step == plan.steps:
                metrics = validator.validate(epoch, step, state)
                log.validation(epoch, step, metrics, len(dataset.validation))
            writers.save(step, state, metrics)
            if signal_number:
                writers.wait()
                raise Interrupted(run, step, signal_number)
            if on_epoch and metrics:
                on_epoch(epoch, metrics)
    _finish(run, step, plan)
    _calibrate(run, dataset.validation, progress)


# ------------------------------------------------------------------------------------ steps of `train`


def _require_same_data(run: Run, dataset: Dataset) -> None:
    """Refuse to resume a run with other data: a folder of one's own images may have changed."""
    started = (run.path / "environment.json").exists()
    if started and run.environment.get("data_sha256") != dataset.sha256:
        raise InputError(f"{run.path} was started with other data: start a new run with another --name")


def _warn_of_missing_classes(examples: Split) -> None:
    """Name the digits that a folder of one's own images lacks, since no figure of the training shows that."""
    if missing := sorted(set(range(10)).difference(examples.labels.tolist())):
        warnings.warn(
            f"there is no image of {', '.join(map(str, missing))} to train on: "
            "the model will not know them: add some",
            stacklevel=2,
        )


def _require_init_from(config: Config) -> None:
    """Refuse to fine-tune a run that does not exist or has another model."""
    if (name := config.training.init_from) is None:
        return
    try:
        pretrained = runs.find_run(name)
    except InputError as error:
        raise InputError(f"training.init_from: {error}") from None
    if pretrained.config.model != config.model:
        raise InputError(f"training.init_from: {name} has another model: give the same --model options")


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Keep other trainings out of the folder of a run or a group, which need not exist, in the process that writes.

    Args:
        folder: of the run or the group.

    Raises:
        InputError: another process trains it, or the folder that it is in cannot be written.
    """
    with ExitStack() as stack:
        with distributed.propagate_errors():
            if distributed.is_writer():
                stack.enter_context(training_lock(folder))
        yield


# -------------------------------------------------------------------------------------- steps of `fit`


@dataclass(frozen=True)
class _Plan:
    """Numbers of steps of a training."""

    steps_per_epoch: int
    steps: int
    """Steps of the whole training."""
    steps_per_call: int
    """Steps of one call of the jitted function."""


def _plan(config: Config, examples: int) -> _Plan:
    """Return the numbers of steps of a training on so many examples."""
    steps_per_epoch = pipeline.steps_per_epoch(examples, config.training.batch_size)
    # Few on a CPU, so that Ctrl-C is answered soon; an accelerator does a whole epoch without the host.
    steps_per_call = 8 if jax.default_backend() == "cpu" else steps_per_epoch
    return _Plan(steps_per_epoch, max(1, round(steps_per_epoch * config.training.epochs)), steps_per_call)


def _write_environment(run: Run, dataset: Dataset, plan: _Plan) -> None:
    content = {
        "run_id": integrity.find_run_id(run) or uuid.uuid4().hex,
        **environment.describe(),
        "processes": distributed.describe(),
        "data_sha256": dataset.sha256,
        "steps_per_epoch": plan.steps_per_epoch,
    }
    if distributed.is_writer():
        # Before a file changes that it has the SHA-256 of.
        (run.path / integrity.FINISHED).unlink(missing_ok=True)
        (run.path / status.FAILED).unlink(missing_ok=True)
        runs.write_json(run.path / integrity.ENVIRONMENT, content)


class _EpochTrainer:
    """Takes the steps of one epoch after another, with all training examples on the devices."""

    def __init__(self, config: Config, trainer: Trainer, plan: _Plan, examples: Split, key: jax.Array):
        self._config, self._trainer, self._plan, self._key = config, trainer, plan, key
        self._size = len(examples)
        self._images, self._labels = sharding.replicate(
            (jnp.asarray(examples.images), jnp.asarray(examples.labels))
        )

    def train(
        self, state: TrainState, step: int, log: MetricsLog, signals: Sequence[int]
    ) -> tuple[TrainState, int, int]:
        """Take the steps from `step` to the end of its epoch, or until any process receives a signal.

        Returns:
            The new state, the number of steps that it has taken, and the number of the signal or 0.
        """
        plan, options = self._plan, self._config.training
        epoch, first = divmod(step, plan.steps_per_epoch)
        indices, weights = pipeline.batch_indices(
            self._config.seed, epoch, self._size, options.batch_size, options.candidates
        )
        end = min(plan.steps_per_epoch, plan.steps - epoch * plan.steps_per_epoch)
        signal_number = 0
        for start in range(first, end, plan.steps_per_call):
            stop = min(start + plan.steps_per_call, end)
            state, metrics = self._trainer.take_steps(
                state, self._key, self._images, self._labels, indices, weights, start, stop
            )
            log.train(epoch + 1, step, stop - start, metrics)
            step += stop - start
            if signal_number := distributed.all_reduce_max(signals[0] if signals else 0):
                break
        log.flush()
        return state, step, signal_number


def _is_out_of_patience(log: MetricsLog, config: Config) -> bool:
    """Whether process 0, which has the whole log, has seen no improvement for too long."""
    decision = distributed.is_writer() and log.out_of_patience(config.training.patience)
    return distributed.all_reduce_max(decision) > 0


def _finish(run: Run, step: int, plan: _Plan) -> None:
    """Write how far the training came, which marks the run as finished."""
    content = {"step": step, "epoch": step // plan.steps_per_epoch, "stopped_early": step < plan.steps}
    if distributed.is_writer():
        integrity.write_own(run, run.path / integrity.FINISHED, content, integrity.FINAL)


def _calibrate(run: Run, validation: Split, progress: Progress) -> None:
    """Calibrate a classifier with its best weights, unless that was done before."""
    from digitjax.model.calibrate import (  # with SciPy, which nothing else of a training needs
        calibrate,
        describe,
    )

    with distributed.propagate_errors():
        if distributed.is_writer() and _can_be_calibrated(run):
            fitted = _find_calibration(run) or calibrate(run, "best", validation)
            progress.line(f"calibration: {describe(fitted)}")


def _can_be_calibrated(run: Run) -> bool:
    """Whether a run is of a classifier and has a validation split."""
    return run.config.task == "classification" and not run.config.data.refit


def _find_calibration(run: Run) -> Calibration | None:
    return calibration.read_fitted(run, find_checkpoint(run).step)


def is_complete(run: Run) -> bool:
    """Whether nothing is left to do for `train`: the run is finished, and calibrated if it can be."""
    finished = (run.path / "finished.json").exists()
    return finished and (not _can_be_calibrated(run) or _find_calibration(run) is not None)
