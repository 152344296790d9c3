"""What a list of runs says of each: how far it is, how good it is, and what is wrong with it."""

from dataclasses import dataclass
from typing import Any

from digitjax.errors import InputError
from digitjax.runs.run import MEASURES, Run


@dataclass(frozen=True)
class Summary:
    """One line of a list of runs; `problem` says what is damaged or missing, if anything."""

    name: str
    experiment: str = ""
    model: str = ""
    data: str = ""
    seed: int | None = None
    epoch: int = 0
    epochs: int | float = 0
    validation_accuracy: float | None = None
    """The best of all epochs."""
    validation_interval: tuple[float, float] | None = None
    """95 % interval of the accuracy; of older logs and of autoencoders there is none."""
    last_accuracy: float | None = None
    """Validation accuracy of the last epoch."""
    test_accuracy: float | None = None
    test_interval: tuple[float, float] | None = None
    """95 % interval of the accuracy, or of the error."""
    validation_error: float | None = None
    """Of an autoencoder, in place of an accuracy: the mean squared error of the pixels."""
    last_error: float | None = None
    test_error: float | None = None
    seconds: float = 0.0
    problem: str = ""
    kind: str = "run"

    @property
    def size(self) -> str:
        """How far its training is."""
        return f"epoch {self.epoch}/{self.epochs:g}" if self.epochs else ""


def summarize_run(run: Run) -> Summary:
    """Summarize a run without raising: what cannot be read is named in `problem`."""
    if not run.path.exists():
        return Summary(name=run.name, problem="missing: train it with --resume")
    try:
        config, lines = run.config, run.metrics()
        validation = [line for line in lines if line["split"] == "validation"]
        epoch = int(lines[-1]["epoch"]) if lines else 0
        finished = (run.path / "finished.json").exists()
        measure = MEASURES[config.task]
        choose = max if measure == "accuracy" else min
        best = choose(validation, key=lambda line: line[measure], default={})
        tested, interval = run.measured_with_interval(measure, "test") or (None, None)
        measured: dict[str, Any] = {
            f"validation_{measure}": best.get(measure),
            f"last_{measure}": validation[-1][measure] if validation else None,
            f"test_{measure}": tested,
        }
        return Summary(
            name=run.name,
            experiment=config.name,
            model=config.model.kind,
            data=config.data.name,
            seed=config.seed,
            epoch=epoch,
            epochs=config.training.epochs,
            validation_interval=tuple(best["accuracy_interval"]) if "accuracy_interval" in best else None,
            test_interval=interval,
            seconds=float(lines[-1]["seconds"]) if lines else 0.0,
            problem="" if finished else "not finished: continue it with --resume",
            **measured,
        )
    except (InputError, KeyError, TypeError, ValueError) as error:
        reason = (
            str(error) if isinstance(error, InputError) else f"metrics.jsonl: {error!r} is not as expected"
        )
        return Summary(name=run.name, problem=reason)
