"""Training of `InkNet` on crops of generated pages, which a thread of its own draws meanwhile.

It keeps a folder of its own kind, since its examples are no classified images: `state.npz` to resume from,
`metrics.jsonl`, `ink.npz` with `ink.json`, and `ink.onnx`, which `digitjax.model.ink_model.load` reads.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import jax
import numpy as np
import optax
from jaxtyping import Int32, UInt8

from digitjax.config import Data
from digitjax.data import pipeline
from digitjax.data.page_crops import PageCrops, PageCropSampler
from digitjax.model import array_file
from digitjax.model.architectures.ink_net import InkNetConfig
from digitjax.model.export import ink_to_onnx
from digitjax.model.training.ink_step import Crops, InkTrainer, State, metrics_of
from digitjax.progress import Progress
from digitjax.runs.files import write_json

STATE, METRICS, WEIGHTS = "state.npz", "metrics.jsonl", "ink.npz"
"""Files of the folder."""
_VALIDATION_SEED = 1_000_000


@dataclass(frozen=True, kw_only=True)
class InkTraining:
    """Options of a training."""

    model: InkNetConfig = field(default_factory=InkNetConfig)
    data: Data = field(default_factory=lambda: Data(name="mnist"))
    """Digits of the pages; its validation split is on those of the validation."""
    initial_weights: str | None = None
    """Path of weights to begin with, such as `ink.npz`; None for random ones."""
    steps: int = 6000
    batch_size: int = 12
    """Crops of a step."""
    round_size: int = 480
    """Crops that are drawn at once."""
    repeats: int = 2
    """How often each crop is shown, in another order and at times as its negative."""
    lr: float = 4e-3
    """Peak learning rate of AdamW; it rises over `warmup` steps and falls along a cosine."""
    warmup: int = 100
    weight_decay: float = 1e-4
    max_norm: float = 2.0
    """Norm to which gradients are clipped."""
    ema: float = 0.998
    """Decay of the moving average of the weights."""
    outliers: int = 400
    """Different outliers, such as letters, on the pages."""
    validation_crops: int = 240
    save_seconds: float = 60.0
    """Least time between two states on disk."""
    seed: int = 0

    @property
    def steps_of_round(self) -> int:
        """Steps of a round."""
        return self.round_size // self.batch_size * self.repeats


def train(options: InkTraining, folder: Path) -> dict[str, float]:
    """Train, or resume an interrupted training; the result is the same.

    Args:
        options: of the training.
        folder: where everything is kept.

    Returns:
        The metrics of the validation.
    """
    folder.mkdir(parents=True, exist_ok=True)
    dataset = pipeline.load(options.data)
    schedule = optax.warmup_cosine_decay_schedule(
        0.0, options.lr, min(options.warmup, options.steps // 2), options.steps, options.lr / 100
    )
    optimizer = optax.chain(
        optax.clip_by_global_norm(options.max_norm),
        optax.adamw(schedule, weight_decay=options.weight_decay),
    )
    trainer = InkTrainer(options.model, optimizer, options.ema)
    state = trainer.init(options.seed)
    if options.initial_weights:
        weights = array_file.load(Path(options.initial_weights), state.weights)
        state = state._replace(weights=weights, ema=weights)
    if (folder / STATE).exists():
        state = array_file.load(folder / STATE, state)
    validation = PageCropSampler(
        dataset.validation.images, dataset.validation.labels, _VALIDATION_SEED, options.outliers
    ).draw(0, options.validation_crops)
    step = first_step = int(state.step)
    progress = Progress(options.steps, -(-options.steps // options.steps_of_round), step)
    saved = start = time.monotonic()
    metrics: dict[str, float] = {}
    for number, crops in _rounds(dataset.train.images, dataset.train.labels, options, step):
        sums: Counter[str] = Counter()
        for batch in _batches(crops, number, step % options.steps_of_round, options):
            if step >= options.steps:
                break
            state, parts = trainer.step(state, batch, jax.random.fold_in(jax.random.key(options.seed), step))
            step += 1
            sums.update({"batches": 1, **{name: float(value) for name, value in parts.items()}})
            rate = (step - first_step) * options.batch_size / (time.monotonic() - start)
            progress.step(number + 1, step, {"loss": float(parts["loss"])}, rate)
        if time.monotonic() - saved > options.save_seconds or step >= options.steps:
            saved = time.monotonic()
            array_file.save(folder / STATE, state)
            metrics = validate(trainer, state, validation, options.batch_size)
            export(state, options, folder, metrics)
            means = {name: total / sums["batches"] for name, total in sums.items() if name != "batches"}
            record = {"step": step, "seconds": round(saved - start, 1), **means, **metrics}
            with (folder / METRICS).open("a") as file:
                file.write(json.dumps(record) + "\n")
            progress.line("  ".join(f"{name} {value:.4g}" for name, value in record.items()))
    return metrics or validate(trainer, state, validation, options.batch_size)


def export(state: State, options: InkTraining, folder: Path, metrics: dict[str, float]) -> None:
    """Write the averaged weights in half precision, and what they are weights of.

    Args:
        state: of the training.
        options: of the training.
        folder: where `ink.npz`, `ink.json` and `ink.onnx` are written.
        metrics: of the validation.
    """
    array_file.save(folder / WEIGHTS, state.ema, np.float16)
    described = {**asdict(options), "step": int(state.step), "validation": metrics}
    write_json((folder / WEIGHTS).with_suffix(".json"), described)
    ink_to_onnx.write(folder / WEIGHTS)


def validate(trainer: InkTrainer, state: State, crops: PageCrops, batch_size: int) -> dict[str, float]:
    """Return the metrics of the averaged weights.

    Args:
        trainer: the compiled functions.
        state: of the training.
        crops: of the validation; the last ones that fill no batch are left out.
        batch_size: crops of a batch.
    """
    sums: dict[str, float] = {}
    for first in range(0, len(crops.inputs) - batch_size + 1, batch_size):
        batch = Crops(*(array[first : first + batch_size] for array in crops))
        for name, value in trainer.evaluate(state.ema, batch).items():
            sums[name] = sums.get(name, 0.0) + float(value)
    return metrics_of(sums)


def _batches(crops: PageCrops, number: int, skipped: int, options: InkTraining) -> Iterator[Crops]:
    """Yield the batches of a round, without those that were trained on before an interruption."""
    rng = np.random.default_rng([options.seed, number])
    order = np.concatenate([rng.permutation(options.round_size) for _ in range(options.repeats)])
    for first in range(
        skipped * options.batch_size, options.steps_of_round * options.batch_size, options.batch_size
    ):
        index = order[first : first + options.batch_size]
        yield Crops(*(array[index] for array in crops))


def _rounds(
    images: UInt8[np.ndarray, "n 28 28"], labels: Int32[np.ndarray, " n"], options: InkTraining, step: int
) -> Iterator[tuple[int, PageCrops]]:
    """Yield the number and the crops of each round from that of a step on; the next one is drawn meanwhile."""
    numbers = range(step // options.steps_of_round, -(-options.steps // options.steps_of_round))
    sampler = PageCropSampler(images, labels, options.seed, options.outliers)
    with ThreadPoolExecutor(1) as thread:

        def submit(number: int) -> Future[PageCrops]:
            return thread.submit(sampler.draw, number * options.round_size, options.round_size)

        pending = [submit(number) for number in numbers[:1]]
        for number in numbers:
            crops = pending.pop().result()
            pending += [submit(following) for following in numbers if following == number + 1]
            yield number, crops
