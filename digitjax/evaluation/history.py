"""History: what a run learned and forgot, epoch by epoch, from the weights that its training kept.

<run>/evaluation/history/
  history.json         accuracy of each kept epoch, and how many pictures were learned and forgotten in it
  history.npz          of each picture and epoch the prediction, and the probability of its true label

The pictures of the test split are looked at when the training is over, to be understood. Nothing may be chosen by
them: neither an epoch nor a setting. For that there is the validation split.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float16, Float32, Int, Int32, UInt8
from scipy.special import softmax

from digitjax import runs
from digitjax.errors import InputError
from digitjax.evaluation.evaluate import load_images
from digitjax.model import checkpoint
from digitjax.model.checkpoint import Checkpoint
from digitjax.model.network import Network
from digitjax.model.predictor import Predictor
from digitjax.runs import Run
from digitjax.runs.arrays import read_arrays
from digitjax.runs.evaluation_files import replaced_whole


@dataclass(frozen=True)
class SplitHistory:
    """What the weights of each kept epoch, one a row, made of the pictures of a split."""

    predicted: UInt8[np.ndarray, "epochs n"]
    probability: Float16[np.ndarray, "epochs n"]
    """Of the true label."""
    labels: Int32[np.ndarray, " n"]

    @property
    def correct(self) -> Bool[np.ndarray, "epochs n"]:
        """Which pictures were right when."""
        return self.predicted == self.labels

    @property
    def mean_probability(self) -> Float32[np.ndarray, " n"]:
        """Probability of the true label, on average over the epochs."""
        return self.probability.mean(axis=0, dtype=np.float32)

    def summarize(self) -> dict[str, Any]:
        """Return of each epoch the accuracy and how many pictures were learned and forgotten since the one before."""
        correct = self.correct
        before = np.concatenate([np.zeros_like(correct[:1]), correct[:-1]])
        return {
            "examples": len(self.labels),
            "accuracy": correct.mean(axis=1).tolist(),
            "learned": (correct & ~before).sum(axis=1).tolist(),
            "forgotten": (before & ~correct).sum(axis=1).tolist(),
        }


@dataclass(frozen=True)
class History:
    """What a run learned and forgot."""

    steps: tuple[int, ...]
    """After which weights were kept, in order."""
    epochs: tuple[int, ...]
    """The same in epochs, from 1."""
    splits: dict[str, SplitHistory]
    """`validation`, unless the run was a refit, and `test`."""

    def of(self, split: str) -> SplitHistory:
        """Return that of a split.

        Raises:
            InputError: it has no such split.
        """
        if split not in self.splits:
            raise InputError(f"the history has no split {split!r}: choose one of {', '.join(self.splits)}")
        return self.splits[split]

    def summarize(self) -> dict[str, Any]:
        """Return what history.json holds."""
        splits = {name: split.summarize() for name, split in self.splits.items()}
        return {"steps": list(self.steps), "epochs": list(self.epochs), "splits": splits}


# ------------------------------------------------------------------------------ making and reading


_Row = tuple[UInt8[np.ndarray, " n"], Float16[np.ndarray, " n"]]
"""Of each picture the prediction, and the probability of its true label."""


def history_folder(run: Run) -> Path:
    """Folder of the history of a run."""
    return run.path / "evaluation" / "history"


def evaluate_history(run: Run, progress: Callable[[int, int], None] | None = None) -> History:
    """Predict the validation and the test split with all weights that a run kept, and write its history.

    Args:
        run: trained with `training.keep_weights_every`.
        progress: called with the number of epochs that are done, and of all.

    Raises:
        InputError: the run kept no weights, they are damaged, it is an autoencoder, or its data are not here.
    """
    kept = _kept_weights(run)
    names = ("test",) if run.config.data.refit else ("validation", "test")
    pictures = {name: load_images(run, name) for name in names}
    network = Network(run.config.model)
    predict = Predictor(network)
    rows: dict[str, list[_Row]] = {name: [] for name in names}
    for done, one in enumerate(kept, 1):
        _, parts = checkpoint.load(run.weights, {"weights": network.abstract()}, one.step)
        for name, split in pictures.items():
            rows[name].append(_row(predict(parts["weights"], split.images), split.labels))
        if progress:
            progress(done, len(kept))
    steps_per_epoch = _steps_per_epoch(run)
    history = History(
        steps=tuple(one.step for one in kept),
        epochs=tuple(one.step // steps_per_epoch for one in kept),
        splits={name: _stack(rows[name], split.labels) for name, split in pictures.items()},
    )
    _write(run, history)
    return history


def _row(logits: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]) -> _Row:
    probability = softmax(logits, axis=1)[np.arange(len(labels)), labels]
    return logits.argmax(axis=1).astype(np.uint8), probability.astype(np.float16)


def _stack(rows: Sequence[_Row], labels: Int[np.ndarray, " n"]) -> SplitHistory:
    predicted, probability = zip(*rows, strict=True)
    return SplitHistory(np.stack(predicted), np.stack(probability), np.asarray(labels))


def _kept_weights(run: Run) -> list[Checkpoint]:
    if run.config.task != "classification":
        raise InputError(
            f"{run.path}: its {run.config.model.kind} cannot tell digits apart: name a classifier"
        )
    kept = checkpoint.list_checkpoints(run.weights)
    if not kept:
        raise InputError(
            f"{run.path}: it kept no weights on its way: train it with --training.keep-weights-every 1"
        )
    for one in kept:
        if damage := one.damage():
            raise InputError(f"{damage}: delete {one.path} to leave its epoch out")
    return kept


def _steps_per_epoch(run: Run) -> int:
    digits = len(load_images(run, "train"))
    pictures = digits + round(run.config.data.outliers * digits)
    return -(-pictures // run.config.training.batch_size)


def _write(run: Run, history: History) -> None:
    arrays = {
        f"{name}_{kind}": getattr(split, kind)
        for name, split in history.splits.items()
        for kind in ("predicted", "probability", "labels")
    }
    with replaced_whole(history_folder(run)) as folder:
        runs.write_json(folder / "history.json", history.summarize())
        np.savez_compressed(folder / "history.npz", steps=history.steps, epochs=history.epochs, **arrays)


def read(run: Run) -> History:
    """Read the history of a run.

    Raises:
        InputError: it was not made, or is damaged.
    """
    file = history_folder(run) / "history.npz"
    remedy = f"make it with `digitjax evaluate {run.name} --history`"
    if not file.exists():
        raise InputError(f"{run.path}: it has no history yet: {remedy}")
    try:
        arrays = read_arrays(file)
        names = [name for name in ("validation", "test") if f"{name}_labels" in arrays]
        splits = {
            name: SplitHistory(*(arrays[f"{name}_{kind}"] for kind in ("predicted", "probability", "labels")))
            for name in names
        }
        return History(tuple(arrays["steps"].tolist()), tuple(arrays["epochs"].tolist()), splits)
    except Exception as error:  # zipfile, zlib and numpy each have their own for a damaged file
        raise InputError(f"{file}: it cannot be read: {remedy}") from error


def format_history(history: History) -> str:
    """Lay a history out for a terminal: a line a kept epoch."""
    summaries = {name: split.summarize() for name, split in history.splits.items()}
    lines = ["epoch" + "".join(f"  {name:>10}  learned  forgotten" for name in summaries)]
    for i, epoch in enumerate(history.epochs):
        cells = (
            f"  {one['accuracy'][i]:>10.2%}  {one['learned'][i]:>7,}  {one['forgotten'][i]:>9,}"
            for one in summaries.values()
        )
        lines.append(f"{epoch:>5}" + "".join(cells))
    return "\n".join(lines)


# ------------------------------------------------------------------------------------ looking back


def first_learned(history: History, split: str) -> Int[np.ndarray, " n"]:
    """Return of each picture the first kept epoch after which it was right; 0 where it never was."""
    return _first_epoch(history, history.of(split).correct)


def learned_for_good(history: History, split: str) -> Int[np.ndarray, " n"]:
    """Return of each picture the kept epoch from which on it was right; 0 where it was wrong in the end."""
    stays = np.logical_and.accumulate(history.of(split).correct[::-1])[::-1]
    return _first_epoch(history, stays)


def _first_epoch(history: History, flags: Bool[np.ndarray, "epochs n"]) -> Int[np.ndarray, " n"]:
    return np.where(flags.any(axis=0), np.array(history.epochs)[flags.argmax(axis=0)], 0)


def forgetting_events(history: History, split: str) -> Int[np.ndarray, " n"]:
    """Return how often each picture was right after a kept epoch and wrong after the next.

    As Toneva et al. (2019, arXiv 1812.05159) count it for training pictures at each of their updates; here pictures
    are counted that were not trained on, once a kept epoch.
    """
    correct = history.of(split).correct
    return (correct[:-1] & ~correct[1:]).sum(axis=0)


def most_forgotten(history: History, split: str, count: int) -> Int[np.ndarray, " chosen"]:
    """Return up to `count` pictures that were forgotten, the most often first; of equal ones the hardest first."""
    events = forgetting_events(history, split)
    order = np.lexsort((history.of(split).mean_probability, -events))
    return order[events[order] > 0][:count]


def hardest(history: History, split: str, count: int) -> Int[np.ndarray, " chosen"]:
    """Return the `count` pictures whose true label had the lowest mean probability, that of the lowest first."""
    return np.argsort(history.of(split).mean_probability, kind="stable")[:count]
