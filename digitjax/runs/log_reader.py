"""Read the log of a training incrementally, as columns of numbers, and derive its progress."""

import json
from contextlib import suppress
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
_DAMAGE = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)
"""What parsing a line raises that is not as training writes it."""


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
    lines_read: int = 0
    damaged_lines: tuple[int, ...] = ()
    """Numbers of lines, from 1, that are not as training writes them, and are left out."""
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
        All complete lines that are as training writes them; an incomplete last line is left for the next call.

    Raises:
        InputError: the log cannot be read.
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
    splits, damaged = _parse(added)
    train, validation = (np.concatenate([getattr(known, name), splits[name]]) for name in SPLITS)
    return TrainingLog(
        train=train,
        validation=validation,
        steps_per_epoch=_steps_per_epoch(run, np.concatenate([train, validation])),
        bytes_read=known.bytes_read + len(added),
        lines_read=known.lines_read + added.count(b"\n"),
        damaged_lines=(*known.damaged_lines, *(known.lines_read + number for number in damaged)),
        last_line=added[added[:-1].rfind(b"\n") + 1 :] or known.last_line,
    )


def _continues(file: BinaryIO, previous: TrainingLog) -> bool:
    """Return whether a file still has the last line of an earlier state at the same position."""
    file.seek(previous.bytes_read - len(previous.last_line))
    return file.read(len(previous.last_line)) == previous.last_line


def _parse(lines: bytes) -> tuple[dict[Split, Table], list[int]]:
    """Return the table of each split, and the numbers of the damaged lines, from 1."""
    with suppress(*_DAMAGE):  # all lines are parsed in one call, which takes half the time
        return _tabulate(json.loads(b"[" + lines.rstrip().replace(b"\n", b",") + b"]")), []
    rows, damaged = [], []
    for number, line in enumerate(lines.split(b"\n")[:-1], 1):
        try:
            row = json.loads(line)
            _tabulate([row])
            rows.append(row)
        except _DAMAGE:
            damaged.append(number)
    return _tabulate(rows), damaged


def _tabulate(rows: list[dict[str, Any]]) -> dict[Split, Table]:
    """Return the table of each split; raise one of `_DAMAGE` where a row is not as training writes it."""
    tables: dict[Split, Table] = {
        split: np.array(
            [[row.get(name, np.nan) for name in _FIELDS] for row in rows if row["split"] == split], float
        ).reshape(-1, len(_FIELDS))
        for split in SPLITS
    }
    for table in tables.values():
        if not np.isfinite(table[:, :3]).all() or (table[:, :2] < 1).any():
            raise ValueError("a row lacks its step, epoch or seconds")
    return tables


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
