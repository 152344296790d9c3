"""What a sweep is: an experiment, and where better values of some of its fields are looked for."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from digitjax.config.base import Positive
from digitjax.config.experiment import Config, from_json, to_tree
from digitjax.errors import InputError


class _Checked:
    """Base of the classes below, which are written in Python and validated as they stand."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, revalidate_instances="always")


@dataclass(frozen=True)
class Float(_Checked):
    """Numbers from `low` to `high`, drawn evenly, or evenly in their logarithm."""

    low: float
    high: float
    log: bool = False
    kind: Literal["float"] = "float"


@dataclass(frozen=True)
class Int(_Checked):
    """Whole numbers from `low` to `high`, both included, `step` apart."""

    low: int
    high: int
    step: Positive = 1
    kind: Literal["int"] = "int"


@dataclass(frozen=True)
class Choice(_Checked):
    """One of some values: numbers, names, tuples, or whole option classes such as `SGD(lr=0.1)`."""

    values: Annotated[Sequence[Any], Field(min_length=1)]
    kind: Literal["choice"] = "choice"

    @property
    def labels(self) -> dict[str, Any]:
        """The values by the text that stands for each of them in the study."""
        return {str(value): value for value in self.values}


Distribution = Annotated[Float | Int | Choice, Field(discriminator="kind")]


@dataclass(frozen=True, kw_only=True)
class Sweep(_Checked):
    """A search for the settings with the best validation accuracy."""

    name: str
    """Name of the folder of its trials, and of its study."""
    base: Config
    """The experiment that is varied."""
    space: Annotated[Mapping[str, Distribution], Field(min_length=1)]
    """Which fields, by dotted name, and what is tried for each."""
    trials: Positive = 20
    """How many trainings, of all workers together."""
    prune_after: Positive | None = 1
    """Epochs after which a trial is stopped if it is worse than the median of those before; None: never."""

    def config(self, name: str, params: Mapping[str, Any]) -> Config:
        """Return the experiment of a trial, from its values; a choice is given by its label.

        Raises:
            InputError: the values do not go together.
        """
        values = {
            field: d.labels[params[field]] if isinstance(d, Choice) else params[field]
            for field, d in self.space.items()
        }
        return assign(dataclasses.replace(self.base, name=name), values, f"sweep {self.name}")

    def to_dict(self) -> dict[str, Any]:
        """Return what decides the outcome of a trial, ready for JSON."""
        space = {field: dataclasses.asdict(d) for field, d in self.space.items()}
        return json.loads(json.dumps({"name": self.name, "base": to_tree(self.base), "space": space}))


_ADAPTER: TypeAdapter[Sweep] = TypeAdapter(Sweep)


def assign(config: Config, values: Mapping[str, Any], source: str = "config") -> Config:
    """Return the config with other values for some fields, by dotted name.

    Raises:
        InputError: a field does not exist, or a value is out of its range.
    """
    tree: Any = to_tree(config)
    for field, value in values.items():
        *parents, leaf = field.split(".")
        options = tree
        for parent in parents:
            options = options.get(parent) if isinstance(options, dict) else None
        if not isinstance(options, dict) or leaf not in options:
            known = ", ".join(options if isinstance(options, dict) else tree)
            raise InputError(f"{source}: there is no field {field!r}, there are {known}")
        options[leaf] = value
    return from_json(json.dumps(tree, default=dataclasses.asdict), source)


def validate_sweep(sweep: Sweep) -> Sweep:
    """Return the sweep if it can be run: both ends of every range are tried on the base.

    Raises:
        InputError: a field does not exist, an end is out of the field's range, or a setting is wrong.
    """
    source = f"sweep {sweep.name}"
    try:
        _ADAPTER.validate_python(sweep)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{source}: {place}: {first['msg'].lower()} (it is {first['input']!r})") from None
    assign(sweep.base, {"name": sweep.name}, source)
    if sweep.base.data.refit:
        raise InputError(f"{source}: data.refit leaves no validation accuracy to choose by: set it to False")
    tried = [
        assign(sweep.base, {field: value}, source)
        for field, distribution in sweep.space.items()
        for value in _extremes(f"{source}: {field}", distribution)
    ]
    for config in (sweep.base, *tried):
        if config.task != "classification":
            raise InputError(
                f"{source}: model.kind {config.model.kind} has no accuracy to choose by: name a classifier"
            )
    return sweep


def _extremes(source: str, distribution: Distribution) -> Sequence[Any]:
    """Return the values that tell whether all of them suit a field."""
    match distribution:
        case Choice(values):
            if len(distribution.labels) < len(values):
                raise InputError(f"{source}: two values of {list(distribution.labels)} look the same")
            return values
        case Float(low, high, log):
            if not low < high or (log and low <= 0):
                raise InputError(f"{source}: low must be below high, and above 0 with log: {distribution}")
            return float(low), float(high)
        case Int(low, high, step):
            if not low < high or (high - low) % step:
                raise InputError(f"{source}: low must be below high, by whole steps: {distribution}")
            return low, high
