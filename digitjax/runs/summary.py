"""Summary of a run for lists: status, progress, metrics, and what is wrong with it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from digitjax.errors import InputError
from digitjax.runs import annotations
from digitjax.runs.integrity import find_problems
from digitjax.runs.run import PRIMARY_METRIC, Run
from digitjax.runs.status import Status, find_status

UNFINISHED = "not finished: continue it with --resume"
"""End of the problem of a run that was stopped, which is not damaged."""


@dataclass(frozen=True)
class RunSummary:
    """One line of a list of runs."""

    name: str
    experiment: str = ""
    model: str = ""
    data: str = ""
    seed: int | None = None
    epoch: int = 0
    epochs: int | float = 0
    validation_accuracy: float | None = None
    """Of the best epoch."""
    validation_interval: tuple[float, float] | None = None
    """95% confidence interval of the accuracy; None for older logs and autoencoders."""
    last_accuracy: float | None = None
    """Validation accuracy of the last epoch."""
    test_accuracy: float | None = None
    test_interval: tuple[float, float] | None = None
    """95% confidence interval of the accuracy or the error."""
    validation_error: float | None = None
    """Mean squared error of the pixels, only of autoencoders, which have no accuracy."""
    last_error: float | None = None
    test_error: float | None = None
    seconds: float = 0.0
    """Duration of the training."""
    created: float = 0.0
    """Date of the config in seconds since 1970."""
    status: Status = "stopped"
    tags: tuple[str, ...] = ()
    note: str = ""
    problem: str = ""
    """What is damaged or missing, or why the training failed; empty if nothing is, and during a training."""
    kind: str = "run"

    @property
    def extent(self) -> str:
        """The trained epochs: `epoch 20 of 20`; empty if the config is damaged."""
        return f"epoch {self.epoch} of {self.epochs:g}" if self.epochs else ""

    @property
    def obstacle(self) -> str:
        """Why the run cannot be used as a finished one; empty if it can."""
        return self.problem or "still in training: wait until it is finished" * (self.status == "training")


def summarize_run(run: Run, *, check: bool = True) -> RunSummary:
    """Summarize a run; errors are not raised but named in `problem`.

    Args:
        run: perhaps damaged.
        check: whether to name, too, what is off in its files though it can be used.

    Returns:
        The summary, in which what cannot be read has its default.
    """
    if not run.path.exists():
        return RunSummary(name=run.name, problem="missing: train it with --resume")
    status, reason = find_status(run)
    fields: dict[str, Any] = {"name": run.name, "created": run.created, "status": status}
    problems = []
    if reason:
        problems.append(f"failed: {reason}: continue it with --resume")
    elif status == "stopped":
        problems.append(UNFINISHED)
    try:
        config, _ = run.read_config()
    except InputError as error:
        return RunSummary(**fields, problem=str(error))
    if status == "finished" and check:
        problems += find_problems(run)
    metric = PRIMARY_METRIC[config.task]
    fields |= {
        "experiment": config.name,
        "model": config.model.kind,
        "data": config.data.name,
        "seed": config.seed,
        "epochs": config.training.epochs,
    }
    with noting(problems):
        lines, damaged = run.read_metrics()
        fields |= _summarize_log(lines, metric)
        if status == "finished" and not lines:
            fields["epochs"] = 0  # it was adapted, which takes no epochs
        problems += [damaged] * bool(damaged)
    with noting(problems):
        test, test_interval = run.metric_with_interval(metric, "test") or (None, None)
        fields |= {f"test_{metric}": test, "test_interval": test_interval}
    with noting(problems):
        fields |= annotations.read(run.path).model_dump()
    return RunSummary(**fields, problem="; ".join(dict.fromkeys(problems)))


@contextmanager
def noting(problems: list[str]) -> Iterator[None]:
    """Add an `InputError` of the `with` block to the problems instead of raising it."""
    try:
        yield
    except InputError as error:
        problems.append(str(error))


def _summarize_log(lines: Sequence[dict[str, Any]], metric: str) -> dict[str, Any]:
    """Return the fields that the lines of a log give.

    Args:
        lines: of the log.
        metric: `accuracy` or `error`.
    """
    validation = [line for line in lines if line["split"] == "validation" and metric in line]
    best_of = max if metric == "accuracy" else min
    best = best_of(validation, key=lambda line: line[metric], default={})
    return {
        "epoch": lines[-1]["epoch"] if lines else 0,
        "seconds": float(lines[-1]["seconds"]) if lines else 0.0,
        f"validation_{metric}": best.get(metric),
        f"last_{metric}": validation[-1][metric] if validation else None,
        "validation_interval": tuple(best["accuracy_interval"]) if "accuracy_interval" in best else None,
    }
