"""Training and inference with digitjax, by the same classes as `digitjax train` and `digitjax evaluate` use."""

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from digitjax import experiments
from digitjax.benchmarks import task
from digitjax.config import Config, Schedule
from digitjax.data import pipeline
from digitjax.environment import configure_jax
from digitjax.model import onnx_model
from digitjax.model.predictor import Predictor
from digitjax.model.training.step import Trainer
from digitjax.model.tta import TRANSFORMS

_CONFIG = Config(model=task.MODEL, optimizer=task.OPTIMIZER, schedule=Schedule(shape="constant", warmup=0.0))

configure_jax(cache=None)  # as the commands do, but without the compilation cache


def training(steps: int, steps_per_call: int) -> Callable[[], dict[str, float]]:
    """Return a function that measures the time of a training step in ms.

    Args:
        steps: optimizer steps of one round.
        steps_per_call: steps that are compiled into one call.
    """
    trainer = Trainer(_CONFIG, steps, steps_per_call)
    data = task.load_examples()
    images, labels = jnp.asarray(data.images), jnp.asarray(data.labels)
    state = trainer.state_of(task.network()[1])
    epoch = 0

    def measure() -> dict[str, float]:
        nonlocal state, epoch
        indices, loss_weights = pipeline.batch_indices(0, epoch, len(data), task.BATCH_SIZE)
        epoch += 1
        start = time.perf_counter()
        for first in range(0, steps, steps_per_call):
            last = min(first + steps_per_call, steps)
            state, _ = trainer.take_steps(
                state, jax.random.key(0), images, labels, indices, loss_weights, first, last
            )
        jax.block_until_ready(state)
        return {"ms per step": 1e3 * (time.perf_counter() - start) / steps}

    measure()
    return measure


def speedrun(experiment: str, tta: str) -> Callable[[], dict[str, float]]:
    """Return a function that trains an experiment with a new seed each time, and evaluates it once on the test split.

    Seconds are counted from the initialization of the weights to the last prediction; neither loading of the data
    nor compilation, which the first call does, are included.

    Args:
        experiment: name of the experiment.
        tta: test-time augmentation of the evaluation.
    """
    config = experiments.load(experiment)
    data = pipeline.load(config.data)
    size, options = len(data.train), config.training
    steps_per_epoch = pipeline.steps_per_epoch(size, options.batch_size)
    steps = round(options.epochs * steps_per_epoch)
    trainer = Trainer(config, steps, steps_per_epoch, size)
    predict = Predictor(trainer.network, tta=TRANSFORMS[tta])
    images, labels = jnp.asarray(data.train.images), jnp.asarray(data.train.labels)
    seed = -1

    def measure() -> dict[str, float]:
        nonlocal seed
        seed += 1
        start = time.perf_counter()
        init_key, step_key = jax.random.split(jax.random.key(seed))
        state = trainer.initial_state(init_key)
        for first in range(0, steps, steps_per_epoch):
            indices, weights = pipeline.batch_indices(
                seed, first // steps_per_epoch, size, options.batch_size, options.candidates
            )
            last = min(steps_per_epoch, steps - first)
            state, _ = trainer.take_steps(state, step_key, images, labels, indices, weights, 0, last)
        logits = predict(state.kept_weights, data.test.images)
        seconds = time.perf_counter() - start
        return {
            "seconds": seconds,
            "accuracy (%)": 100 * float((logits.argmax(1) == data.test.labels).mean()),
        }

    measure()
    return measure


def epoch(examples: int) -> Callable[[], dict[str, float]]:
    """Return a function that measures the time of an epoch over that many images, and the peak memory."""
    trainer = Trainer(_CONFIG, steps=1, steps_per_call=8)
    data = task.load_examples(examples)
    images, labels = jnp.asarray(data.images), jnp.asarray(data.labels)
    state = trainer.state_of(task.network()[1])
    number = 0

    def measure() -> dict[str, float]:
        nonlocal state, number
        start = time.perf_counter()
        indices, loss_weights = pipeline.batch_indices(0, number, examples, task.BATCH_SIZE)
        number += 1
        for first in range(0, len(indices), 8):
            last = min(first + 8, len(indices))
            state, _ = trainer.take_steps(
                state, jax.random.key(0), images, labels, indices, loss_weights, first, last
            )
        jax.block_until_ready(state)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {"ms per 1,000 images": 1e6 * seconds / examples, "peak memory (MB)": peak}

    measure()
    return measure


def inference() -> Callable[[], dict[str, float]]:
    """Return a function that measures the speed of predictions at every batch size."""
    network, weights = task.network()
    predict = Predictor(network)
    return lambda: task.measure_inference(lambda images: predict(weights, images))


def packed_inference() -> Callable[[], dict[str, float]]:
    """Return a function that measures the speed of the packed network, which `digitjax read` and `serve` use."""
    predict = packed_predictor()
    return lambda: task.measure_inference(predict)


def packed_predictor() -> onnx_model.OnnxClassifier:
    """Return the network as `digitjax pack` does."""
    from digitjax.model.export import packed_program  # only here, as all others do not need the extra

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / onnx_model.FILE
        path.write_bytes(packed_program.build(*task.network()))
        return onnx_model.OnnxClassifier(onnx_model.OnnxModel(path), step=0)


def matrix_product(size: int = 1536) -> Callable[[], dict[str, float]]:
    """Return a function that measures the peak of the processor: GFLOP/s of a float32 matrix product."""
    matrix = jnp.asarray(np.random.default_rng(0).normal(size=(size, size)), jnp.float32)
    product = jax.jit(lambda m: m @ m)
    jax.block_until_ready(product(matrix))

    def measure() -> dict[str, float]:
        best = 0.0
        for _ in range(10):
            start = time.perf_counter()
            jax.block_until_ready(product(matrix))
            best = max(best, 2 * size**3 / (time.perf_counter() - start) / 1e9)
        return {"GFLOP/s": best}

    return measure
