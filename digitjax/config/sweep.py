"""The config of a sweep: an experiment, and the search space of some of its fields."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from digitjax.config.base import Positive
from digitjax.config.experiment import Config, from_json, to_tree
from digitjax.errors import InputError, format_validation_error


class _Checked:
    """Base of the classes below, which are written in Python and validated as objects."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        strict=True, revalidate_instances="always", defer_build=True
    )


@dataclass(frozen=True)
class Float(_Checked):
    """Numbers from `low` to `high`, drawn from a uniform or a log-uniform distribution."""

    low: float
    high: float
    log: bool = False
    kind: Literal["float"] = "float"


@dataclass(frozen=True)
class Int(_Checked):
    """Integers from `low` to `high`, both included, in steps of `step`, drawn from a uniform distribution."""

    low: int
    high: int
    step: Positive = 1
    kind: Literal["int"] = "int"


@dataclass(frozen=True)
class Choice(_Checked):
    """Categorical values: numbers, names, tuples, or whole option classes such as `SGD(lr=0.1)`."""

    values: Annotated[Sequence[Any], Field(min_length=1)]
    kind: Literal["choice"] = "choice"

    @property
    def labels(self) -> dict[str, Any]:
        """The values by the text under which the study knows each of them."""
        return {str(value): value for value in self.values}


Distribution = Annotated[Float | Int | Choice, Field(discriminator="kind")]


@dataclass(frozen=True, kw_only=True)
class Sweep(_Checked):
    """A search for the config with the highest validation accuracy."""

    name: str
    """Name of the study, and of the folder of its trials."""
    base: Config
    """The experiment that is varied."""
    space: Annotated[Mapping[str, Distribution], Field(min_length=1)]
    """Search space: the distribution of each field that is varied, by its dotted name."""
    trials: Positive = 20
    """Number of trials of all workers together."""
    prune_after: Positive | None = 1
    """Epochs after which a trial is pruned if it is worse than the median of the trials before; None: never."""

    def config(self, name: str, params: Mapping[str, Any]) -> Config:
        """Return the validated config of a trial.

        Args:
            name: name of its run folder.
            params: the value of each field of the space; of a `Choice` the label.

        Raises:
            InputError: the values are not valid together.
        """
        values = {
            field: distribution.labels[params[field]] if isinstance(distribution, Choice) else params[field]
            for field, distribution in self.space.items()
        }
        return assign(dataclasses.replace(self.base, name=name), values, f"sweep {self.name}")

    def to_dict(self) -> dict[str, Any]:
        """Return the name, the base and the space, which decide the outcome of a trial, as values of JSON."""
        space = {field: dataclasses.asdict(distribution) for field, distribution in self.space.items()}
        return json.loads(json.dumps({"name": self.name, "base": to_tree(self.base), "space": space}))


_ADAPTER: TypeAdapter[Sweep] = TypeAdapter(Sweep)
_KINDS = {distribution.kind for distribution in (Float, Int, Choice)}


def assign(config: Config, values: Mapping[str, Any], source: str = "config") -> Config:
    """Return the config with other values of some fields, validated.

    Args:
        config: the config to start from.
        values: the new values, by dotted name.
        source: where they come from, with which messages begin.

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
    """Return the sweep if it can be run: the base is validated with both ends of every range.

    Raises:
        InputError: a field does not exist, an end is out of the field's range, or a setting is wrong.
    """
    source = f"sweep {sweep.name}"
    try:
        _ADAPTER.validate_python(sweep)
    except ValidationError as error:
        raise InputError(f"{source}: {format_validation_error(error, _KINDS)}") from None
    assign(sweep.base, {"name": sweep.name}, source)
    if sweep.base.data.refit:
        raise InputError(f"{source}: data.refit leaves no validation accuracy to maximize: set it to False")
    extremes = [
        assign(sweep.base, {field: value}, source)
        for field, distribution in sweep.space.items()
        for value in _extremes(f"{source}: {field}", distribution)
    ]
    for config in (sweep.base, *extremes):
        if config.task != "classification":
            raise InputError(
                f"{source}: model.kind {config.model.kind} has no accuracy to maximize: name a classifier"
            )
    return sweep


def _extremes(source: str, distribution: Distribution) -> Sequence[Any]:
    """Return values of a distribution that are valid for a field only if all of its values are."""
    match distribution:
        case Choice(values):
            if len(distribution.labels) < len(values):
                raise InputError(
                    f"{source}: two of the values {list(distribution.labels)} have the same label"
                )
            return values
        case Float(low, high, log):
            if not low < high or (log and low <= 0):
                raise InputError(f"{source}: low must be below high, and above 0 with log: {distribution}")
            return float(low), float(high)
        case Int(low, high, step):
            if not low < high or (high - low) % step:
                raise InputError(f"{source}: low must be below high, by whole steps: {distribution}")
            return low, high
