"""Summary of a run for lists: progress, metrics, and what is wrong with it."""

from dataclasses import dataclass
from typing import Any

from digitjax.errors import InputError
from digitjax.runs.integrity import FINISHED, find_problems
from digitjax.runs.run import PRIMARY_METRIC, Run


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
    problem: str = ""
    """What is damaged or missing; empty if nothing is."""
    kind: str = "run"

    @property
    def extent(self) -> str:
        """The trained epochs: `epoch 20 of 20`; empty if the config is damaged."""
        return f"epoch {self.epoch} of {self.epochs:g}" if self.epochs else ""


def summarize_run(run: Run, *, check: bool = True) -> RunSummary:
    """Summarize a run; errors are not raised but named in `problem`.

    Args:
        run: perhaps damaged.
        check: whether to name, too, what is off in its files though it can be used.

    Returns:
        The summary, in which only the name and the problem of a damaged run are known.
    """
    if not run.path.exists():
        return RunSummary(name=run.name, problem="missing: train it with --resume")
    try:
        (config, _), lines = run.read_config(), run.metrics()
        validation = [line for line in lines if line["split"] == "validation"]
        epoch = int(lines[-1]["epoch"]) if lines else 0
        problem = "not finished: continue it with --resume"
        if (run.path / FINISHED).exists():
            problem = "; ".join(find_problems(run)) if check else ""
        metric = PRIMARY_METRIC[config.task]
        best_of = max if metric == "accuracy" else min
        best = best_of(validation, key=lambda line: line[metric], default={})
        test, test_interval = run.metric_with_interval(metric, "test") or (None, None)
        metrics: dict[str, Any] = {
            f"validation_{metric}": best.get(metric),
            f"last_{metric}": validation[-1][metric] if validation else None,
            f"test_{metric}": test,
        }
        return RunSummary(
            name=run.name,
            experiment=config.name,
            model=config.model.kind,
            data=config.data.name,
            seed=config.seed,
            epoch=epoch,
            epochs=config.training.epochs,
            validation_interval=tuple(best["accuracy_interval"]) if "accuracy_interval" in best else None,
            test_interval=test_interval,
            seconds=float(lines[-1]["seconds"]) if lines else 0.0,
            problem=problem,
            **metrics,
        )
    except (InputError, KeyError, TypeError, ValueError) as error:
        reason = (
            str(error) if isinstance(error, InputError) else f"metrics.jsonl: {error!r} is not as expected"
        )
        return RunSummary(name=run.name, problem=reason)
