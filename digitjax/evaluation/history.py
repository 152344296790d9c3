"""Learning history: predictions of the weights that a training kept, epoch by epoch.

<run>/evaluation/history/
  history.json         accuracy of each kept epoch, and how many images were learned and forgotten in it
  history.npz          for each kept epoch and image the prediction, and the probability of the true label

The test split is predicted after the training, for inspection alone. To select an epoch or a setting, use the
validation split.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float16, Float32, Int, Int32, UInt8
from scipy.special import softmax

from digitjax.data.run_data import load_split
from digitjax.errors import InputError
from digitjax.evaluation.evaluate import require_classifier
from digitjax.runs import Run, integrity, log_reader, manifest
from digitjax.runs.arrays import read_arrays
from digitjax.runs.folders import atomic_folder
from digitjax.runs.manifest import Checkpoint


@dataclass(frozen=True)
class SplitHistory:
    """Predictions on a split: one row for each kept epoch, one column for each image."""

    predicted: UInt8[np.ndarray, "epochs n"]
    probability: Float16[np.ndarray, "epochs n"]
    """Probability of the true label."""
    labels: Int32[np.ndarray, " n"]

    @property
    def correct(self) -> Bool[np.ndarray, "epochs n"]:
        """Whether each prediction is correct."""
        return self.predicted == self.labels

    @property
    def mean_probability(self) -> Float32[np.ndarray, " n"]:
        """Probability of the true label, averaged over the epochs."""
        return self.probability.mean(axis=0, dtype=np.float32)

    def summarize(self) -> dict[str, Any]:
        """Return the accuracy of each kept epoch, and how many images were learned and forgotten since the last one."""
        correct = self.correct
        previous = np.concatenate([np.zeros_like(correct[:1]), correct[:-1]])
        return {
            "examples": len(self.labels),
            "accuracy": correct.mean(axis=1).tolist(),
            "learned": (correct & ~previous).sum(axis=1).tolist(),
            "forgotten": (previous & ~correct).sum(axis=1).tolist(),
        }


@dataclass(frozen=True)
class History:
    """Predictions of every kept epoch of a run."""

    steps: tuple[int, ...]
    """Training steps of the kept weights, ascending."""
    epochs: tuple[int, ...]
    """Epochs of the kept weights, from 1."""
    splits: dict[str, SplitHistory]
    """`test`, and `validation` unless the run was a refit."""

    def get_split(self, split: str) -> SplitHistory:
        """Return the history of a split.

        Raises:
            InputError: it has no such split.
        """
        if split not in self.splits:
            raise InputError(f"the history has no split {split!r}: choose one of {', '.join(self.splits)}")
        return self.splits[split]

    def summarize(self) -> dict[str, Any]:
        """Return the content of history.json."""
        splits = {name: split.summarize() for name, split in self.splits.items()}
        return {"steps": list(self.steps), "epochs": list(self.epochs), "splits": splits}


# -------------------------------------------------------------------------------- writing and reading


_Row = tuple[UInt8[np.ndarray, " n"], Float16[np.ndarray, " n"]]
"""For each image the prediction, and the probability of its true label."""


def history_folder(run: Run) -> Path:
    """Return the folder of the history of a run."""
    return run.path / "evaluation" / "history"


def evaluate_history(run: Run, progress: Callable[[int, int], None] | None = None) -> History:
    """Predict the validation and the test split with all weights that a run kept, and write its history.

    Args:
        run: trained with `training.keep_weights_every`.
        progress: called with the number of finished epochs and the number of all epochs.

    Returns:
        The predictions of each epoch.

    Raises:
        InputError: the run kept no weights, they are damaged, it is an autoencoder, or its data are not here.
    """
    from digitjax.model.network import Network, load_weights  # only here, as they need JAX
    from digitjax.model.predictor import Predictor

    checkpoints = _kept_weights(run)
    steps_per_epoch = log_reader.read(run).steps_per_epoch
    if not steps_per_epoch:
        raise InputError(
            f"{run.metrics_file}: it has no lines, so the epochs of the kept weights are unknown"
        )
    names = ("test",) if run.config.data.refit else ("validation", "test")
    splits = {name: load_split(run, name) for name in names}
    network = Network(run.config.model)
    predict = Predictor(network)
    rows: dict[str, list[_Row]] = {name: [] for name in names}
    for done, kept in enumerate(checkpoints, 1):
        _, weights = load_weights(run, network, kept.step)
        for name, split in splits.items():
            rows[name].append(_row(predict(weights, split.images), split.labels))
        if progress:
            progress(done, len(checkpoints))
    history = History(
        steps=tuple(kept.step for kept in checkpoints),
        epochs=tuple(round(kept.step / steps_per_epoch) for kept in checkpoints),
        splits={name: _stack(rows[name], split.labels) for name, split in splits.items()},
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
    require_classifier(run)
    checkpoints, unusable = manifest.find(run.weights)
    for step, damage in unusable.items():
        raise InputError(f"{damage}: delete {run.weights / str(step)} to leave its epoch out")
    if not checkpoints:
        raise InputError(
            f"{run.path}: it kept no weights of its epochs: train it with --training.keep-weights-every 1"
        )
    for kept in checkpoints:
        if damage := kept.damage():
            raise InputError(f"{damage}: delete {kept.path} to leave its epoch out")
    return checkpoints


_ARRAYS = ("predicted", "probability", "labels")


def _write(run: Run, history: History) -> None:
    arrays = {
        f"{name}_{field}": getattr(split, field)
        for name, split in history.splits.items()
        for field in _ARRAYS
    }
    with atomic_folder(history_folder(run)) as folder:
        np.savez_compressed(folder / "history.npz", steps=history.steps, epochs=history.epochs, **arrays)
        integrity.write_own(run, folder / "history.json", history.summarize(), ("history.npz",))


def read(run: Run) -> History:
    """Read the history of a run.

    Raises:
        InputError: it has no history, or a damaged one.
    """
    file = history_folder(run) / "history.npz"
    remedy = f"write it with `digitjax evaluate {run.name} --history`"
    if not file.exists():
        raise InputError(f"{run.path}: it has no history yet: {remedy}")
    try:
        summary = integrity.read_own(run, file.with_name("history.json"))
    except InputError as error:
        raise InputError(f"{error}: {remedy}") from None
    for problem in integrity.find_changed(file.parent, summary.get("files")):
        raise InputError(f"{problem}: {remedy}")
    try:
        arrays = read_arrays(file)
        names = [name for name in ("validation", "test") if f"{name}_labels" in arrays]
        splits = {name: SplitHistory(*(arrays[f"{name}_{field}"] for field in _ARRAYS)) for name in names}
        return History(tuple(arrays["steps"].tolist()), tuple(arrays["epochs"].tolist()), splits)
    except Exception as error:  # zipfile, zlib and numpy raise many kinds for a damaged file
        raise InputError(f"{file}: it cannot be read: {remedy}") from error


def format_history(history: History) -> str:
    """Format a history for a terminal: a line for each kept epoch."""
    summaries = {name: split.summarize() for name, split in history.splits.items()}
    lines = ["epoch" + "".join(f"  {name:>10}  learned  forgotten" for name in summaries)]
    for i, epoch in enumerate(history.epochs):
        cells = (
            f"  {summary['accuracy'][i]:>10.2%}  {summary['learned'][i]:>7,}  {summary['forgotten'][i]:>9,}"
            for summary in summaries.values()
        )
        lines.append(f"{epoch:>5}" + "".join(cells))
    return "\n".join(lines)


# --------------------------------------------------------------------------------- learning dynamics


def first_correct_epoch(history: History, split: str) -> Int[np.ndarray, " n"]:
    """Return for each image the first kept epoch that predicts it correctly; 0 if none does.

    Args:
        history: of a run.
        split: `validation` or `test`.
    """
    return _first_epoch(history, history.get_split(split).correct)


def stays_correct_from(history: History, split: str) -> Int[np.ndarray, " n"]:
    """Return for each image the kept epoch from which on all predict it correctly; 0 if the last one does not.

    Args:
        history: of a run.
        split: `validation` or `test`.
    """
    stays_correct = np.logical_and.accumulate(history.get_split(split).correct[::-1])[::-1]
    return _first_epoch(history, stays_correct)


def _first_epoch(history: History, flags: Bool[np.ndarray, "epochs n"]) -> Int[np.ndarray, " n"]:
    return np.where(flags.any(axis=0), np.array(history.epochs)[flags.argmax(axis=0)], 0)


def forgetting_events(history: History, split: str) -> Int[np.ndarray, " n"]:
    """Return for each image how often a kept epoch predicts it correctly and the next one incorrectly.

    Toneva et al. (2019, arXiv 1812.05159) count these events for training images, at each update that uses them; here
    they are counted for images outside the training split, once for each kept epoch.

    Args:
        history: of a run.
        split: `validation` or `test`.
    """
    correct = history.get_split(split).correct
    return (correct[:-1] & ~correct[1:]).sum(axis=0)


def most_forgotten_examples(history: History, split: str, count: int) -> Int[np.ndarray, " selected"]:
    """Return the indices of the images with the most forgetting events; of equal ones the hardest comes first.

    Args:
        history: of a run.
        split: `validation` or `test`.
        count: how many indices to return at most; images without a forgetting event are left out.
    """
    events = forgetting_events(history, split)
    order = np.lexsort((history.get_split(split).mean_probability, -events))
    return order[events[order] > 0][:count]


def hardest_examples(history: History, split: str, count: int) -> Int[np.ndarray, " selected"]:
    """Return the indices of the images whose true label has the lowest mean probability, the lowest first.

    Args:
        history: of a run.
        split: `validation` or `test`.
        count: how many indices to return.
    """
    return np.argsort(history.get_split(split).mean_probability, kind="stable")[:count]
