"""Training: from a config to a run folder that holds all of it."""

import json
import math
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Float, Int, Int32, UInt8

from digitjax import environment, runs
from digitjax.config import Config, differences, to_json, validate
from digitjax.data import pipeline
from digitjax.data.augment import augment
from digitjax.errors import InputError
from digitjax.model import checkpoint
from digitjax.model.architectures import CLASSES
from digitjax.model.metrics_log import ADVICE, MetricsLog
from digitjax.model.network import Network, Weights
from digitjax.model.optimizer import make_optimizer, make_schedule
from digitjax.model.predict import Predictor
from digitjax.progress import Progress
from digitjax.runs import Run


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
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
) -> Run:
    """Train a network and return its run.

    Args:
        config: the experiment; its name becomes that of the run folder.
        folder: where run folders lie.
        resume: continue the run of that name, if there is one, bit for bit as if it had never stopped.
        overwrite: discard a run of that name first.
        on_epoch: called after each epoch with its number, from 1, and its validation metrics; an
            exception that it raises ends the training.

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
        dataset = pipeline.load(config.data)
    else:
        dataset = pipeline.load(config.data)  # before the folder is made: without data nothing is left behind
        run = runs.create(config, folder, overwrite=overwrite)
    fit(config, run, dataset, on_epoch)
    return run


def fit(
    config: Config,
    run: Run,
    dataset: pipeline.Dataset,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
) -> None:
    """Train in a run folder, from its newest good checkpoint if it has one."""
    # ------------------------------------------------------------------------------------- data
    size, batch_size = len(dataset.train), config.training.batch_size
    steps_per_epoch = -(-size // batch_size)
    total = max(1, round(steps_per_epoch * config.training.epochs))
    images, labels = jnp.asarray(dataset.train.images), jnp.asarray(dataset.train.labels)
    runs.write_json(run.path / "environment.json", {**environment.describe(), "data_sha256": dataset.sha256})

    # ------------------------------------------------------------------------------------ model
    network = Network(config.model)
    schedule = make_schedule(config.schedule, config.optimizer.lr, total)
    optimizer = make_optimizer(config.optimizer, schedule)
    # On a CPU few, so that Ctrl-C is answered soon; an accelerator does a whole epoch unattended.
    steps_per_call = 8 if jax.default_backend() == "cpu" else steps_per_epoch
    train_steps = make_train_steps(config, network, optimizer, schedule, steps_per_call)
    predict = Predictor(network)
    init_key, step_key = jax.random.split(jax.random.key(config.seed))
    state = _restore(run, network, optimizer) or initial_state(network, optimizer, init_key)

    # ------------------------------------------------------------------------------------- loop
    step = int(state.step)
    progress = Progress(total, math.ceil(config.training.epochs), step)
    with (
        MetricsLog(run, batch_size, config.training.log_every, progress) as log,
        checkpoint.Writer(
            run.checkpoints, keep_best=config.training.keep_best, description=to_json(config)
        ) as writer,
        _history_writer(config, run) as history,
        _catch_signals() as signals,
    ):
        while step < total and not log.out_of_patience(config.training.patience):
            epoch, first = divmod(step, steps_per_epoch)
            indices, weights = pipeline.batch_indices(config.seed, epoch, size, batch_size)
            end = min(steps_per_epoch, total - epoch * steps_per_epoch)
            for i in range(first, end, steps_per_call):
                last = min(i + steps_per_call, end)
                state, metrics = train_steps(state, step_key, images, labels, indices, weights, i, last)
                log.train(epoch + 1, step, last - i, metrics)
                step += last - i
                if signals:
                    break
            log.flush()
            validation = {}
            if step % steps_per_epoch == 0 or step == total:
                validation = log.validation(epoch + 1, step, predict, state.weights, dataset.validation)
            _require_finite(run, step, state)
            writer.save(step, _parts(state), validation)
            if history and step % (steps_per_epoch * (config.training.keep_weights_every or 1)) == 0:
                history.save(step, {"weights": state.weights}, validation)
            if signals:
                writer.wait()
                raise Interrupted(run, step, signals[0])
            if on_epoch and validation:
                on_epoch(epoch + 1, validation)
    finished = {"step": step, "epoch": step // steps_per_epoch, "stopped_early": step < total}
    runs.write_json(run.path / "finished.json", finished)


def make_train_steps(
    config: Config,
    network: Network,
    optimizer: optax.GradientTransformation,
    schedule: optax.Schedule,
    steps_per_call: int,
) -> Any:
    """Return the jitted loop over up to `steps_per_call` steps, which consumes the state that it is given."""

    def train_step(
        state: TrainState,
        key: jax.Array,
        images: UInt8[Array, "batch 28 28"],
        labels: Int32[Array, " batch"],
        weights: Float[Array, " batch"],
    ) -> tuple[TrainState, dict[str, Float[Array, ""]]]:
        """Take one step on these pictures, each with its weight in the loss."""
        augment_key, dropout_key = jax.random.split(jax.random.fold_in(key, state.step))
        inputs = pipeline.normalize(augment(augment_key, images, config.augment))
        targets = optax.smooth_labels(jax.nn.one_hot(labels, CLASSES), config.training.label_smoothing)

        def mean_loss(params: Any) -> tuple[Float[Array, ""], Any]:
            logits, stats = network.train(Weights(params, state.weights.stats), inputs, dropout_key)
            losses = optax.softmax_cross_entropy(logits, targets)
            accuracy = (logits.argmax(-1) == labels) @ weights / weights.sum()
            return losses @ weights / weights.sum(), (stats, accuracy)

        gradients = jax.value_and_grad(mean_loss, has_aux=True)
        (loss, (stats, accuracy)), gradient = gradients(state.weights.params)
        updates, optimizer_state = optimizer.update(gradient, state.optimizer, state.weights.params)
        params = optax.apply_updates(state.weights.params, updates)
        metrics = {"loss": loss, "accuracy": accuracy, "learning_rate": jnp.asarray(schedule(state.step))}
        return TrainState(state.step + 1, Weights(params, stats), optimizer_state), metrics

    def train_steps(
        state: TrainState,
        key: jax.Array,
        images: UInt8[Array, "n 28 28"],
        labels: Int32[Array, " n"],
        indices: Int32[Array, "steps batch"],
        weights: Float[Array, "steps batch"],
        first: Int[Array, ""],
        last: Int[Array, ""],
    ) -> tuple[TrainState, dict[str, Float[Array, " steps_per_call"]]]:
        """Take the steps from `first` up to `last` of an epoch, on the pictures that `indices` names."""

        def body(i: Int32[Array, ""], carry: Any) -> Any:
            state, metrics = carry
            batch = indices[i]
            state, values = train_step(state, key, images[batch], labels[batch], weights[i])
            return state, {name: metrics[name].at[i - first].set(value) for name, value in values.items()}

        metrics = {name: jnp.zeros(steps_per_call) for name in ("loss", "accuracy", "learning_rate")}
        return lax.fori_loop(first, last, body, (state, metrics))

    return jax.jit(train_steps, donate_argnums=0)


# ----------------------------------------------------------------------------------------- state


def initial_state(network: Network, optimizer: optax.GradientTransformation, key: jax.Array) -> TrainState:
    """Return the state before the first step, with weights drawn from `key`."""
    weights = network.init(key)
    return TrainState(jnp.int32(0), weights, optimizer.init(weights.params))


def _parts(state: TrainState) -> dict[str, Any]:
    """Split the state so that readers of the weights need not load the optimizer."""
    return {"weights": state.weights, "optimizer": {"step": state.step, "state": state.optimizer}}


def _require_finite(run: Run, step: int, state: TrainState) -> None:
    """Refuse to save weights that an update has spoilt after its own loss was still finite."""
    finite = [jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(state.weights)]
    if not all(jax.device_get(finite)):
        raise FloatingPointError(f"{run.path}: the weights after step {step:,} are not finite: {ADVICE}")


def _restore(run: Run, network: Network, optimizer: optax.GradientTransformation) -> TrainState | None:
    """Load the newest good state and clear away what the run will write again."""
    if not checkpoint.list_checkpoints(run.checkpoints):
        step, state = 0, None
    else:
        abstract = jax.eval_shape(lambda: initial_state(network, optimizer, jax.random.key(0)))
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
