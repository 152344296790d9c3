"""The calibration of a run: temperature and rejection thresholds, as its calibration.json keeps them."""

import dataclasses
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from digitjax.errors import InputError, format_validation_error, warn
from digitjax.runs import Run, integrity

FILE = integrity.CALIBRATION


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Temperature and rejection thresholds of a classifier; the default leaves its probabilities as they are."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """By which logits are divided before the softmax (Guo et al. 2017, arXiv 1706.04599)."""
    reject_threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Lowest `top2_probability` of a digit; what has less is rejected as an outlier."""
    low_res_reject_threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    """The same for digits in pictures of low resolution (see `digitjax.recognition.recognizer`)."""
    split: str = ""
    """The split that all of it was fitted on; empty if it was not fitted."""
    step: Annotated[int, Field(ge=0)] = 0
    """The step whose weights it was fitted with."""
    examples: Annotated[int, Field(ge=0)] = 0
    """Number of examples that it was fitted on."""


def softmax(logits: Float[np.ndarray, "n classes"]) -> Float[np.ndarray, "n classes"]:
    """Return the probabilities of logits. SciPy's needs a package that takes a tenth of a second to import."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def top2_probability(probabilities: Float[np.ndarray, "n classes"]) -> Float[np.ndarray, " n"]:
    """Return the sum of the two highest probabilities of each row, which measures whether it is a digit at all.

    A doubt between two classes, such as 1 and 7, leaves it high; the probability of an outlier is distributed over all.
    """
    return np.sort(probabilities, axis=1)[:, -2:].sum(axis=1)


_ADAPTER = TypeAdapter(Calibration)


def find(run: Run, step: int) -> Calibration | None:
    """Return the calibration of a run if it was fitted with the weights of a step.

    Args:
        run: a run of a classifier.
        step: the step of the weights.

    Raises:
        InputError: the file is damaged.
    """
    calibration = _read_file(run)
    return calibration if calibration and calibration.step == step else None


def read(run: Run, step: int) -> Calibration:
    """Return the calibration of a run for the weights of a step.

    Args:
        run: a run of a classifier.
        step: the step of the weights.

    Returns:
        The calibration in the run folder if it was fitted with these weights, or else the default.

    Warns:
        UserWarning: it was fitted with other weights.

    Raises:
        InputError: the file is damaged.
    """
    calibration = _read_file(run)
    if calibration is None or calibration.step == step:
        return calibration or Calibration()
    warn(
        f"{run.path / FILE} is of step {calibration.step}, not {step}: probabilities are used uncalibrated: "
        f"run `digitjax calibrate {run.name} --step {step}`"
    )
    return Calibration()


def _read_file(run: Run) -> Calibration | None:
    file = run.path / FILE
    if not file.exists():
        return None
    remedy = f"run `digitjax calibrate {run.name}` again"
    try:
        return _ADAPTER.validate_python(integrity.read_own(run, file))
    except InputError as error:
        raise InputError(f"{error}: {remedy}") from None
    except ValidationError as error:
        raise InputError(f"{file}: {format_validation_error(error)}: {remedy}") from None


def read_fitted(run: Run, step: int) -> Calibration | None:
    """Return the calibration of a run for the weights of a step, or None if it has to be fitted.

    Args:
        run: a run of a classifier.
        step: the step of the weights.
    """
    with suppress(InputError):  # a damaged file is to be written anew
        calibration = find(run, step)
        return calibration if calibration and calibration.split else None
    return None


def write(run: Run, calibration: Calibration) -> None:
    """Write the calibration of a run, whole or not at all.

    Args:
        run: a run of a classifier.
        calibration: what was fitted.
    """
    integrity.write_own(run, run.path / FILE, dataclasses.asdict(calibration))
