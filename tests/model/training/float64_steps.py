"""Takes 50 steps in float64 and saves the losses and the state: FILE [COORDINATOR PROCESSES PROCESS]."""

import sys
from contextlib import nullcontext
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from digitjax.config import Augment, CNNConfig, Config, Data, Training
from digitjax.data import pipeline
from digitjax.model.training import distributed, sharding
from digitjax.model.training.step import Trainer

CONFIG = Config(
    # No max-pooling: in float64 XLA does not divide it.
    model=CNNConfig(channels=(4, 8), dense=(16,), dropout=0.5, pooling="stride"),
    augment=Augment(shift=1, noise=0.1),
    training=Training(batch_size=96, mixup=0.2, ema=0.9, clip_norm=1.0),
)


def double(leaf: Any) -> Any:
    return leaf.astype(jnp.float64) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf


def take_steps(file: str) -> None:
    data = pipeline.load(Data(name="digits")).train
    trainer = Trainer(CONFIG, steps=50, steps_per_call=14)
    state = sharding.replicate(jax.tree.map(double, trainer.initial_state(jax.random.key(0))))
    images, labels = sharding.replicate((data.images, data.labels))
    losses: list[float] = []
    for epoch in range(4):
        indices, weights = pipeline.batch_indices(0, epoch, len(data), 96)
        batches = sharding.replicate((indices, weights.astype(np.float64)))
        arguments = (state, jax.random.key(1), images, labels, *batches, 0, min(14, 50 - len(losses)))
        if epoch == 0:
            compiled = trainer.take_steps.lower(*arguments).compile()
        state, metrics = compiled(*arguments)
        losses += np.asarray(metrics["loss"])[: arguments[-1]].tolist()
    program = compiled.as_text()
    assert ("all-reduce" in program) == (jax.device_count() > 1), "the batch is not divided"
    assert "all-gather" not in program, "a divided array is gathered"
    if distributed.is_writer():
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(sharding.local(state))]
        np.savez(file, np.array(losses), *leaves)


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    file, *cluster = sys.argv[1:]
    joined = distributed.joined(cluster[0], int(cluster[1]), int(cluster[2])) if cluster else nullcontext()
    with joined:
        take_steps(file)
