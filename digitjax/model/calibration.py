"""How far a run's probabilities can be trusted: its calibration.json, as it is kept and read back."""

import dataclasses
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from digitjax import runs
from digitjax.errors import InputError
from digitjax.runs import Run

FILE = "calibration.json"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What makes probabilities of logits, and an answer of probabilities; by default as they come."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """What logits are divided by before the softmax (Guo et al. 2017, arXiv 1706.04599)."""
    reject_threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Certainty (see `top2_probability`) under which something is rejected as no digit."""
    low_res_reject_threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    """The same for pictures of too few pixels to be as certain of (see `digitjax.recognition.recognizer.SMALL`)."""
    split: str = ""
    """The split that both were fitted on; empty if they were not."""
    step: Annotated[int, Field(ge=0)] = 0
    """The step whose weights they go with."""
    examples: Annotated[int, Field(ge=0)] = 0
    """How many pictures they were fitted on."""


def top2_probability(probabilities: Float[np.ndarray, "n classes"]) -> Float[np.ndarray, " n"]:
    """Return how probable it is that each is one of its two likeliest digits, and so a digit at all.

    Whether it is a 1 or a 7 is another question: who doubts that does not doubt that it is a digit. What is none has
    its probability spread over all.
    """
    return np.sort(probabilities, axis=1)[:, -2:].sum(axis=1)


_ADAPTER = TypeAdapter(Calibration)


def read(run: Run, step: int) -> Calibration:
    """Return the calibration of a run at a step; where it has none, or one of other weights, the default.

    Raises:
        InputError: the file is damaged.
    """
    file = run.path / FILE
    if not file.exists():
        return Calibration()
    try:
        calibration = _ADAPTER.validate_python(runs.read_artifact(file))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        reason = f"{field}: {first['msg'][0].lower()}{first['msg'][1:]}"
        raise InputError(f"{file}: {reason}: run `digitjax calibrate {run.name}` again") from None
    return calibration if calibration.step == step else Calibration()


def write(run: Run, calibration: Calibration) -> None:
    """Write the calibration of a run, whole or not at all."""
    runs.write_json(run.path / FILE, dataclasses.asdict(calibration))
