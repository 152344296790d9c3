"""Read the log of a training incrementally, as columns of numbers, and derive its progress."""

import json
import time
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal

import numpy as np
from jaxtyping import Float64

from digitjax.errors import InputError
from digitjax.runs import Run, read_json

Split = Literal["train", "validation"]
Metric = Literal["loss", "accuracy", "error", "learning_rate", "images_per_second"]
Field = Literal[Metric, "step", "epoch", "seconds"]
SPLITS: tuple[Split, ...] = ("train", "validation")
METRICS: tuple[Metric, ...] = ("loss", "accuracy", "error", "learning_rate", "images_per_second")
_FIELDS: tuple[Field, ...] = ("step", "epoch", "seconds", *METRICS)
Table = Float64[np.ndarray, "_ fields"]
_STALE_AFTER = 120.0
"""Seconds without a write after which a training counts as dead."""


def _empty_table() -> Table:
    return np.empty((0, len(_FIELDS)))


@dataclass(frozen=True, eq=False)
class TrainingLog:
    """The lines of a `metrics.jsonl` as a table for each split; fields that a line lacks are NaN."""

    train: Table = field(default_factory=_empty_table)
    validation: Table = field(default_factory=_empty_table)
    steps_per_epoch: float = 0.0
    """Zero while it is unknown."""
    bytes_read: int = 0
    last_line: bytes = b""

    def column(self, split: Split, name: Field) -> Float64[np.ndarray, " lines"]:
        """Return the values of a field.

        Args:
            split: whose lines.
            name: of the field; `epoch` is the number of finished epochs, with fractions.
        """
        rows = self.train if split == "train" else self.validation
        if name == "epoch":
            return rows[:, 0] / (self.steps_per_epoch or 1.0)
        return rows[:, _FIELDS.index(name)]

    @property
    def latest(self) -> tuple[int, float]:
        """The last logged step and the seconds of training up to it; zeros if there is none."""
        rows = [rows[-1] for rows in (self.train, self.validation) if len(rows)]
        step, _, seconds = max((row[:3].tolist() for row in rows), default=(0.0, 0.0, 0.0))
        return int(step), seconds


EMPTY_LOG = TrainingLog()


def read(run: Run, previous: TrainingLog = EMPTY_LOG) -> TrainingLog:
    """Read the log of a run.

    Args:
        run: whose training may be in progress.
        previous: an earlier state of the log; only the lines added since are read, unless the log was restarted.

    Returns:
        All complete lines; an incomplete last line is left for the next call.

    Raises:
        InputError: the log is damaged.
    """
    try:
        with run.metrics_file.open("rb") as file:
            known = previous if _continues(file, previous) else EMPTY_LOG
            file.seek(known.bytes_read)
            added = file.read()
    except FileNotFoundError:
        return EMPTY_LOG
    except OSError as error:
        raise InputError(f"{run.metrics_file}: {error.strerror}") from None
    added = added[: added.rfind(b"\n") + 1]
    splits = _parse(run, added)
    train, validation = (np.concatenate([getattr(known, name), splits[name]]) for name in SPLITS)
    return TrainingLog(
        train=train,
        validation=validation,
        steps_per_epoch=_steps_per_epoch(run, np.concatenate([train, validation])),
        bytes_read=known.bytes_read + len(added),
        last_line=added[added[:-1].rfind(b"\n") + 1 :] or known.last_line,
    )


def _continues(file: BinaryIO, previous: TrainingLog) -> bool:
    """Return whether a file still has the last line of an earlier state at the same position."""
    file.seek(previous.bytes_read - len(previous.last_line))
    return file.read(len(previous.last_line)) == previous.last_line


def _parse(run: Run, lines: bytes) -> dict[Split, Table]:
    """Return the table of each split; all lines are parsed in one call, which takes half the time."""
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
    """Return the number that the run recorded; for older runs an estimate from the log, exact after an epoch."""
    try:
        recorded = read_json(run.path / "environment.json").get("steps_per_epoch")
    except InputError:
        recorded = None
    if isinstance(recorded, int) and recorded > 0:
        return float(recorded)
    return float((rows[:, 0] / rows[:, 1]).max(initial=0.0))


# ---------------------------------------------------------------------------------------- progress


@dataclass(frozen=True)
class Progress:
    """Progress of a training."""

    step: int
    steps: int
    """Total number of steps; zero while it is unknown."""
    epoch: int
    """The current epoch, from 1."""
    epochs: float
    seconds_left: float | None
    """None until two lines are logged."""

    @property
    def share(self) -> float:
        """Share of the steps that are finished, 0 to 1."""
        return min(1.0, self.step / self.steps) if self.steps else 0.0


def progress(run: Run, log: TrainingLog) -> Progress:
    """Return the progress of a training.

    Args:
        run: whose training may be in progress.
        log: its log.

    Raises:
        InputError: the config is missing or damaged.
    """
    epochs = float(run.config.training.epochs)
    step, seconds = log.latest
    steps = round(log.steps_per_epoch * epochs)
    seconds_left = None
    # The time up to the first logged line is left out, since it includes compilation.
    first_step, first_seconds = log.train[0, [0, 2]] if len(log.train) else (step, seconds)
    if steps and step > first_step:
        seconds_left = max(0, steps - step) * (seconds - first_seconds) / (step - first_step)
    epoch = 1 + int((step - 1) / log.steps_per_epoch) if step and log.steps_per_epoch else 1
    return Progress(step, steps, epoch, epochs, seconds_left)


def is_training(run: Run) -> bool:
    """Return whether a run is unfinished and was written to in the last two minutes."""
    if (run.path / "finished.json").exists():
        return False
    files = (run.path / name for name in ("config.json", "environment.json", "metrics.jsonl"))
    written = max((file.stat().st_mtime for file in files if file.exists()), default=0.0)
    return time.time() - written < _STALE_AFTER
