"""Training: from a config to a run folder that holds all of it."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int32, UInt8

from digitjax import environment, runs
from digitjax.config import Config, differences, to_json, validate
from digitjax.data import pipeline
from digitjax.errors import InputError
from digitjax.model import checkpoint
from digitjax.model.network import Network, Weights
from digitjax.model.optimizer import make_optimizer, make_schedule
from digitjax.model.predict import Predictor
from digitjax.progress import Progress
from digitjax.runs import Run

_ADVICE = "the last checkpoint is good; try a lower --optimizer.lr"


class TrainState(NamedTuple):
    """All that changes from step to step. With the config it decides every later step."""

    step: Int32[Array, ""]
    weights: Weights
    optimizer: optax.OptState


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
) -> Run:
    """Train a network and return its run.

    Args:
        config: the experiment; its name becomes that of the run folder.
        folder: where run folders lie.
        resume: continue the run of that name, if there is one, bit for bit as if it had never stopped.
        overwrite: discard a run of that name first.

    Raises:
        InputError: the config, the data or the folder cannot be used.
        FloatingPointError: the loss is not finite; the last good checkpoint is kept.
        Interrupted: on Ctrl-C or SIGTERM, after saving.
    """
    config = validate(config)
    run = Run(folder / config.name)
    if resume and run.path.exists():
        if changed := differences(run.config, config):
            field, (before, now) = next(iter(changed.items()))
            raise InputError(
                f"{run.path} was begun with {field} {before!r}, not {now!r}: resume it with its own settings"
            )
    else:
        run = runs.create(config, folder, overwrite=overwrite)
    fit(config, run)
    return run


def fit(config: Config, run: Run) -> None:
    """Train in a run folder, from its newest good checkpoint if it has one."""
    # ------------------------------------------------------------------------------------- data
    dataset = pipeline.load(config.data)
    size, batch_size = len(dataset.train), config.training.batch_size
    steps_per_epoch = -(-size // batch_size)
    total = steps_per_epoch * config.training.epochs
    images, labels = jnp.asarray(dataset.train.images), jnp.asarray(dataset.train.labels)
    runs.write_json(run.path / "environment.json", {**environment.describe(), "data_sha256": dataset.sha256})

    # ------------------------------------------------------------------------------------ model
    network = Network(config.model)
    schedule = make_schedule(config.schedule, config.optimizer.lr, total)
    optimizer = make_optimizer(config.optimizer, schedule)
    train_step = make_train_step(network, optimizer, schedule)
    predict = Predictor(network)
    init_key, dropout_key = jax.random.split(jax.random.key(config.seed))
    state = _restore(run, network, optimizer) or _initial_state(network, optimizer, init_key)

    # ------------------------------------------------------------------------------------- loop
    step = int(state.step)
    progress = Progress(total, config.training.epochs, step)
    with (
        MetricsLog(run, step, batch_size, config.training.log_every, progress) as log,
        checkpoint.Writer(
            run.checkpoints, keep_best=config.training.keep_best, description=to_json(config)
        ) as writer,
        _history_writer(config, run) as history,
        _catch_signals() as signals,
    ):
        while step < total and not log.out_of_patience(config.training.patience):
            epoch, first = divmod(step, steps_per_epoch)
            indices, weights = pipeline.batch_indices(config.seed, epoch, size, batch_size)
            for i in range(first, steps_per_epoch):
                state, metrics = train_step(state, dropout_key, images, labels, indices[i], weights[i])
                step += 1
                log.train(epoch + 1, step, metrics)
                if signals:
                    break
            log.flush()
            validation = {}
            if step % steps_per_epoch == 0:
                validation = log.validation(epoch + 1, step, predict, state.weights, dataset.validation)
            _require_finite(run, step, state)
            writer.save(step, _parts(state), validation)
            if history and step % (steps_per_epoch * (config.training.keep_weights_every or 1)) == 0:
                history.save(step, {"weights": state.weights}, validation)
            if signals:
                writer.wait()
                raise Interrupted(run, step, signals[0])
    finished = {"step": step, "epoch": step // steps_per_epoch, "stopped_early": step < total}
    runs.write_json(run.path / "finished.json", finished)


def make_train_step(
    network: Network, optimizer: optax.GradientTransformation, schedule: optax.Schedule
) -> Any:
    """Return the jitted step, which consumes the state that it is given."""

    def train_step(
        state: TrainState,
        dropout_key: jax.Array,
        images: UInt8[Array, "n 28 28"],
        labels: Int32[Array, " n"],
        indices: Int32[Array, " batch"],
        weights: Float[Array, " batch"],
    ) -> tuple[TrainState, dict[str, Float[Array, ""]]]:
        """Take one step on the pictures that `indices` names, each with its weight in the loss."""
        inputs = pipeline.normalize(images[indices])
        targets = labels[indices]
        key = jax.random.fold_in(dropout_key, state.step)

        def mean_loss(params: Any) -> tuple[Float[Array, ""], Any]:
            logits, stats = network.train(Weights(params, state.weights.stats), inputs, key)
            losses = optax.softmax_cross_entropy_with_integer_labels(logits, targets)
            correct = (logits.argmax(-1) == targets) @ weights / weights.sum()
            return losses @ weights / weights.sum(), (stats, correct)

        gradients = jax.value_and_grad(mean_loss, has_aux=True)
        (loss, (stats, accuracy)), gradient = gradients(state.weights.params)
        updates, optimizer_state = optimizer.update(gradient, state.optimizer, state.weights.params)
        params = optax.apply_updates(state.weights.params, updates)
        metrics = {"loss": loss, "accuracy": accuracy, "learning_rate": schedule(state.step)}
        return TrainState(state.step + 1, Weights(params, stats), optimizer_state), metrics

    return jax.jit(train_step, donate_argnums=0)


# ----------------------------------------------------------------------------------------- state


def _initial_state(network: Network, optimizer: optax.GradientTransformation, key: jax.Array) -> TrainState:
    weights = network.init(key)
    return TrainState(jnp.int32(0), weights, optimizer.init(weights.params))


def _parts(state: TrainState) -> dict[str, Any]:
    """Split the state so that readers of the weights need not load the optimizer."""
    return {"weights": state.weights, "optimizer": {"step": state.step, "state": state.optimizer}}


def _require_finite(run: Run, step: int, state: TrainState) -> None:
    """Refuse to save weights that an update has spoilt after its own loss was still finite."""
    finite = [jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(state.weights)]
    if not all(jax.device_get(finite)):
        raise FloatingPointError(f"{run.path}: the weights after step {step:,} are not finite: {_ADVICE}")


def _restore(run: Run, network: Network, optimizer: optax.GradientTransformation) -> TrainState | None:
    """Load the newest good state and clear away what the run will write again."""
    if not checkpoint.list_checkpoints(run.checkpoints):
        step, state = 0, None
    else:
        abstract = jax.eval_shape(lambda: _initial_state(network, optimizer, jax.random.key(0)))
        step, parts = checkpoint.load(run.checkpoints, _parts(abstract))
        state = TrainState(parts["optimizer"]["step"], parts["weights"], parts["optimizer"]["state"])
    checkpoint.discard_after(run.checkpoints, step)
    checkpoint.discard_after(run.weights, step)
    kept = [json.dumps(line) + "\n" for line in run.metrics() if line["step"] <= step]
    runs.write_text(run.metrics_file, "".join(kept))
    return state


@contextmanager
def _history_writer(config: Config, run: Run) -> Iterator[checkpoint.Writer | None]:
    if config.training.keep_weights_every is None:
        yield None
    else:
        with checkpoint.Writer(run.weights, description=to_json(config)) as writer:
            yield writer


@contextmanager
def _catch_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM in a list, for the loop to stop at a good place; a second one kills."""
    received: list[int] = []

    def receive(number: int, frame: Any) -> None:
        received.append(number)
        signal.signal(number, before[number])

    before: dict[int, Any] = {n: signal.signal(n, receive) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --------------------------------------------------------------------------------------- metrics


class MetricsLog:
    """Writes metrics.jsonl and shows progress; what it fetches from the device is a logging interval old."""

    def __init__(self, run: Run, step: int, batch_size: int, every: int, progress: Progress):
        lines = run.metrics()
        self._file = run.metrics_file.open("a", buffering=1)
        self._accuracies = [line["accuracy"] for line in lines if line["split"] == "validation"]
        self._seconds_before = lines[-1]["seconds"] if lines else 0.0
        self._start = time.perf_counter()
        self._batch_size, self._every, self._progress = batch_size, every, progress
        self._flushed_step, self._flushed_time = step, self._start
        self._pending: list[tuple[int, int, dict[str, Array]]] = []
        self._path = run.path

    def __enter__(self) -> "MetricsLog":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def train(self, epoch: int, step: int, metrics: dict[str, Array]) -> None:
        """Take the metrics of one step; write those of the step that completes an interval."""
        self._pending.append((epoch, step, metrics))
        if len(self._pending) >= 2 * self._every:
            self._write(self._every)

    def flush(self) -> None:
        """Write all that was taken."""
        self._write(len(self._pending))

    def _write(self, count: int) -> None:
        taken, self._pending = self._pending[:count], self._pending[count:]
        if not taken:
            return
        values = jax.device_get([metrics for _, _, metrics in taken])
        now = time.perf_counter()
        epoch, step, _ = taken[-1]
        rate = (step - self._flushed_step) * self._batch_size / max(1e-9, now - self._flushed_time)
        self._flushed_step, self._flushed_time = step, now
        for (epoch, step, _), value in zip(taken, values, strict=True):
            if not np.isfinite(value["loss"]):
                raise FloatingPointError(
                    f"{self._path}: the loss at step {step:,} is {value['loss']}: {_ADVICE}"
                )
            if step % self._every == 0:
                self._line(
                    "train", epoch, step, **{k: float(v) for k, v in value.items()}, images_per_second=rate
                )
        self._progress.step(epoch, step, float(values[-1]["loss"]), float(values[-1]["accuracy"]), rate)

    def validation(
        self, epoch: int, step: int, predict: Predictor, weights: Weights, split: pipeline.Split
    ) -> dict[str, float]:
        """Evaluate on the validation split and write it; return nothing where there is none."""
        if not len(split):
            self._progress.line(f"epoch {epoch}  step {step:,}  {self._seconds():.1f} s")
            return {}
        logits = predict(weights, split.images)
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, split.labels)
        metrics = {
            "loss": float(losses.mean()),
            "accuracy": float((logits.argmax(-1) == split.labels).mean()),
        }
        self._line("validation", epoch, step, **metrics)
        self._accuracies.append(metrics["accuracy"])
        self._progress.line(
            f"epoch {epoch}  step {step:,}  validation loss {metrics['loss']:.4f}  "
            f"accuracy {metrics['accuracy']:.2%}  {self._seconds():.1f} s"
        )
        return metrics

    def out_of_patience(self, patience: int | None) -> bool:
        """Whether the best validation accuracy is `patience` or more epochs old."""
        if patience is None or not self._accuracies:
            return False
        best = int(np.argmax(self._accuracies))
        return len(self._accuracies) - 1 - best >= patience

    def _line(self, split: str, epoch: int, step: int, **values: float) -> None:
        line = {"step": step, "epoch": epoch, "split": split, **values, "seconds": round(self._seconds(), 3)}
        self._file.write(json.dumps(line) + "\n")

    def _seconds(self) -> float:
        return self._seconds_before + time.perf_counter() - self._start
