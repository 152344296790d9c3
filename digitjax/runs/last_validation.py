"""What the last validation of a classifier found, which the dashboard shows while the training goes on.

RUN/validation.json
  step, epoch          of the validation
  confusion            counts of the validation split: a row for each true digit, a column for each predicted digit
  samples              predictions for a few images, the same ones after each epoch
"""

import dataclasses
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from digitjax.errors import InputError
from digitjax.runs import integrity
from digitjax.runs.run import Run

FILE = "validation.json"


@dataclass(frozen=True)
class SamplePrediction:
    """The prediction for one image."""

    index: int
    """In the validation split."""
    label: int
    predicted: int
    confidence: float
    """Probability of the predicted digit, not calibrated."""


@dataclass(frozen=True)
class LastValidation:
    """The result of a validation."""

    step: int
    epoch: int
    confusion: list[list[int]]
    samples: list[SamplePrediction]


_ADAPTER = TypeAdapter(LastValidation)


def write(run: Run, validation: LastValidation) -> None:
    """Write the result of a validation, in place of that of the epoch before.

    Args:
        run: in training.
        validation: its latest.
    """
    integrity.write_own(run, run.path / FILE, dataclasses.asdict(validation))


def read(run: Run) -> LastValidation | None:
    """Return the result of the last validation of a run; None if there is none, or its file is damaged."""
    try:
        return _ADAPTER.validate_python(integrity.read_own(run, run.path / FILE))
    except (InputError, ValidationError):
        return None


def discard_after(run: Run, step: int) -> None:
    """Delete the result of a validation after a step, which a resumed training will repeat.

    Args:
        run: to be resumed.
        step: of the checkpoint that it is resumed from.
    """
    validation = read(run)
    if validation is None or validation.step > step:
        (run.path / FILE).unlink(missing_ok=True)
