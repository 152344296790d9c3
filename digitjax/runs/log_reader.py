"""What a training has logged, as columns of numbers that grow with it, and how far it is."""

import json
import time
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal

import numpy as np
from jaxtyping import Float64

from digitjax.errors import InputError
from digitjax.runs import Run, read_json

Split = Literal["train", "validation"]
Measure = Literal["loss", "accuracy", "error", "learning_rate", "images_per_second"]
Field = Literal[Measure, "step", "epoch", "seconds"]
SPLITS: tuple[Split, ...] = ("train", "validation")
MEASURES: tuple[Measure, ...] = ("loss", "accuracy", "error", "learning_rate", "images_per_second")
_FIELDS: tuple[Field, ...] = ("step", "epoch", "seconds", *MEASURES)
Table = Float64[np.ndarray, "_ fields"]
_QUIET = 120.0  # seconds after which a training that writes nothing is taken for dead


def _no_lines() -> Table:
    return np.empty((0, len(_FIELDS)))


@dataclass(frozen=True, eq=False)
class TrainingLog:
    """The lines of a `metrics.jsonl`, of each split a row of numbers a line; what a line leaves out is NaN."""

    train: Table = field(default_factory=_no_lines)
    validation: Table = field(default_factory=_no_lines)
    steps_per_epoch: float = 0.0
    """Zero where nothing is known yet."""
    size: int = 0
    """Bytes that were read."""
    last: bytes = b""
    """The last line of them."""

    def column(self, split: Split, name: Field) -> Float64[np.ndarray, " lines"]:
        """Return a field of every line of a split. An epoch is the number of passes that were done, with fractions."""
        rows = self.train if split == "train" else self.validation
        if name == "epoch":
            return rows[:, 0] / (self.steps_per_epoch or 1.0)
        return rows[:, _FIELDS.index(name)]

    @property
    def newest(self) -> tuple[int, float]:
        """The last step that was logged and the seconds of training up to it; zeros before."""
        rows = [rows[-1] for rows in (self.train, self.validation) if len(rows)]
        step, _, seconds = max((row[:3].tolist() for row in rows), default=(0.0, 0.0, 0.0))
        return int(step), seconds


EMPTY = TrainingLog()


def read(run: Run, before: TrainingLog = EMPTY) -> TrainingLog:
    """Read the log of a run; of one that was read before only what was added since.

    A last line that is cut off is left for the next time. A log that was begun anew is read anew.

    Raises:
        InputError: the log is damaged.
    """
    try:
        with run.metrics_file.open("rb") as file:
            known = before if _goes_on(file, before) else EMPTY
            file.seek(known.size)
            added = file.read()
    except FileNotFoundError:
        return EMPTY
    except OSError as error:
        raise InputError(f"{run.metrics_file}: {error.strerror}") from None
    added = added[: added.rfind(b"\n") + 1]
    splits = _parse(run, added)
    train, validation = (np.concatenate([getattr(known, name), splits[name]]) for name in SPLITS)
    return TrainingLog(
        train=train,
        validation=validation,
        steps_per_epoch=_steps_per_epoch(run, np.concatenate([train, validation])),
        size=known.size + len(added),
        last=added[added[:-1].rfind(b"\n") + 1 :] or known.last,
    )


def _goes_on(file: BinaryIO, before: TrainingLog) -> bool:
    """Whether a file still has the line that was the last one, in its place."""
    file.seek(before.size - len(before.last))
    return file.read(len(before.last)) == before.last


def _parse(run: Run, lines: bytes) -> dict[Split, Table]:
    """Return the numbers of each split; all lines are parsed at once, which takes half the time."""
    try:
        rows: list[dict[str, Any]] = json.loads(b"[" + lines.rstrip().replace(b"\n", b",") + b"]")
        numbers = {
            split: np.array(
                [[row.get(name, np.nan) for name in _FIELDS] for row in rows if row["split"] == split], float
            ).reshape(-1, len(_FIELDS))
            for split in SPLITS
        }
    except json.JSONDecodeError as error:
        raise InputError(f"{run.metrics_file}: a line is not JSON ({error.msg}): delete it") from None
    except (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError):
        raise InputError(f"{run.metrics_file}: a line is not as training writes it: delete it") from None
    for table in numbers.values():
        if not np.isfinite(table[:, :3]).all() or (table[:, :2] < 1).any():
            raise InputError(f"{run.metrics_file}: a line lacks its step, epoch or seconds: delete it")
    return numbers


def _steps_per_epoch(run: Run, rows: Table) -> float:
    """Return what the run says of itself; of an older one what its log tells, right when an epoch is over."""
    try:
        known = read_json(run.path / "environment.json").get("steps_per_epoch")
    except InputError:
        known = None
    if isinstance(known, int) and known > 0:
        return float(known)
    return float((rows[:, 0] / rows[:, 1]).max(initial=0.0))


# ---------------------------------------------------------------------------------------- progress


@dataclass(frozen=True)
class Progress:
    """How far a training is."""

    step: int
    steps: int
    """In all; zero where that is not known yet."""
    epoch: int
    """The one that it is in, from 1."""
    epochs: float
    seconds_left: float | None
    """None before two lines are logged."""

    @property
    def share(self) -> float:
        """Share of the steps that are done."""
        return min(1.0, self.step / self.steps) if self.steps else 0.0


def progress(run: Run, log: TrainingLog) -> Progress:
    """Return how far a training is.

    Raises:
        InputError: the config is missing or damaged.
    """
    epochs = float(run.config.training.epochs)
    step, seconds = log.newest
    steps = round(log.steps_per_epoch * epochs)
    left = None
    begun, first = log.train[0, [0, 2]] if len(log.train) else (step, seconds)  # before was compiling
    if steps and step > begun:
        left = max(0, steps - step) * (seconds - first) / (step - begun)
    epoch = 1 + int((step - 1) / log.steps_per_epoch) if step and log.steps_per_epoch else 1
    return Progress(step, steps, epoch, epochs, left)


def is_training(run: Run) -> bool:
    """Whether a run seems to be in training: it is not finished, and was written to in the last two minutes."""
    if (run.path / "finished.json").exists():
        return False
    files = (run.path / name for name in ("config.json", "environment.json", "metrics.jsonl"))
    written = max((file.stat().st_mtime for file in files if file.exists()), default=0.0)
    return time.time() - written < _QUIET
