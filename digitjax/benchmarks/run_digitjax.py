"""digitjax as a contestant: what it ships, driven as `fit` and `Recognizer` drive it."""

import resource
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from digitjax import experiments
from digitjax.benchmarks import task
from digitjax.config import Config, Schedule
from digitjax.data import pipeline
from digitjax.environment import configure_jax
from digitjax.model.predictor import Predictor
from digitjax.model.training.step import Trainer
from digitjax.model.tta import TRANSFORMS

_CONFIG = Config(model=task.MODEL, optimizer=task.OPTIMIZER, schedule=Schedule(shape="constant", warmup=0.0))

configure_jax(cache=None)  # as the commands do; without the cache, so that starts are cold


def training(steps: int, steps_per_call: int) -> Callable[[], dict[str, float]]:
    """Return a function that times `steps` steps and returns ms a step."""
    trainer = Trainer(_CONFIG, steps, steps_per_call)
    data = task.pictures()
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
        return {"ms a step": 1e3 * (time.perf_counter() - start) / steps}

    measure()
    return measure


def speedrun(experiment: str, tta: str) -> Callable[[], dict[str, float]]:
    """Return a function that trains an experiment with a new seed and evaluates it on the test split, once.

    Seconds count from the first weights to the last prediction, averaged over `tta`; not the loading of the
    data, nor, after the first call, compilation.
    """
    config = experiments.load(experiment)
    data = pipeline.load(config.data)
    size, batch_size = len(data.train), config.training.batch_size
    steps_per_epoch = -(-size // batch_size)
    steps = round(config.training.epochs * steps_per_epoch)
    trainer = Trainer(config, steps, steps_per_epoch)
    initialize = jax.jit(trainer.initial_state)
    predict = Predictor(trainer.network, tta=TRANSFORMS[tta])
    images, labels = jnp.asarray(data.train.images), jnp.asarray(data.train.labels)
    seed = -1

    def measure() -> dict[str, float]:
        nonlocal seed
        seed += 1
        start = time.perf_counter()
        init_key, step_key = jax.random.split(jax.random.key(seed))
        state = initialize(init_key)
        for first in range(0, steps, steps_per_epoch):
            indices, weights = pipeline.batch_indices(seed, first // steps_per_epoch, size, batch_size)
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


def epoch(pictures: int) -> Callable[[], dict[str, float]]:
    """Return a function that times an epoch over so many pictures, and returns s an epoch and the peak memory."""
    trainer = Trainer(_CONFIG, steps=1, steps_per_call=8)
    data = task.pictures(pictures)
    images, labels = jnp.asarray(data.images), jnp.asarray(data.labels)
    state = trainer.state_of(task.network()[1])
    number = 0

    def measure() -> dict[str, float]:
        nonlocal state, number
        start = time.perf_counter()
        indices, loss_weights = pipeline.batch_indices(0, number, pictures, task.BATCH_SIZE)
        number += 1
        for first in range(0, len(indices), 8):
            last = min(first + 8, len(indices))
            state, _ = trainer.take_steps(
                state, jax.random.key(0), images, labels, indices, loss_weights, first, last
            )
        jax.block_until_ready(state)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {"ms for 1,000 pictures": 1e6 * seconds / pictures, "peak memory (MB)": peak}

    measure()
    return measure


def inference() -> Callable[[], dict[str, float]]:
    """Return a function that times predictions at every batch size."""
    network, weights = task.network()
    predict = Predictor(network)
    return lambda: task.measure_inference(lambda images: predict(weights, images))


def matrix_product(size: int = 1536) -> Callable[[], dict[str, float]]:
    """Return a function that measures the processor's peak: GFLOP/s of a float32 matrix product."""
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
