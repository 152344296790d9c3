"""An experiment as a whole, and its JSON."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pydantic_core
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from digitjax.config.base import Options, options
from digitjax.config.data import Augment, Data
from digitjax.config.models import AutoencoderConfig, CNNConfig, Model, VAEConfig
from digitjax.config.training import Adam, Optimizer, Schedule, Training
from digitjax.errors import InputError
from digitjax.migration import VERSION, migrate_config

Task = Literal["classification", "reconstruction"]


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """An experiment: with the code and the data set, all that is needed to repeat a run."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = "run"
    """Name of the run folder."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of the initial weights, the order of the pictures and the dropout."""
    data: Data = Data()
    augment: Augment = Augment()
    model: Model = CNNConfig()
    optimizer: Optimizer = Adam()
    schedule: Schedule = Schedule()
    training: Training = Training()

    @property
    def task(self) -> Task:
        """What the model is trained for: to tell digits apart, or to give pictures back."""
        return "reconstruction" if isinstance(self.model, AutoencoderConfig | VAEConfig) else "classification"

    @model_validator(mode="after")
    def _uses_labels(self) -> "Config":
        for name in ("label_smoothing", "mixup"):
            value = getattr(self.training, name)
            if value and self.task == "reconstruction":
                raise ValueError(
                    f"training.{name} is {value}: it changes labels, which model.kind {self.model.kind} does not "
                    "learn from: set it to 0"
                )
        if self.data.outliers and self.task == "reconstruction":
            raise ValueError(
                f"data.outliers is {self.data.outliers}: they are for a classifier to doubt, which model.kind "
                f"{self.model.kind} is not: set it to 0"
            )
        return self


_ADAPTER: TypeAdapter[Config] = TypeAdapter(Config)


def to_json(config: Config) -> str:
    """Return the config as indented JSON, every field spelled out."""
    return json.dumps({"version": VERSION, **to_tree(config)}, indent=2) + "\n"


def to_tree(config: Config) -> dict[str, Any]:
    """Return the config as nested dictionaries of JSON values, every field spelled out."""
    return _ADAPTER.dump_python(config, mode="json")


def from_json(text: str | bytes, source: str = "config") -> Config:
    """Read a config from JSON; fields that are left out have their defaults.

    Raises:
        InputError: the JSON is malformed, or a field is unknown, of the wrong type or out of range;
            the message begins with `source` and names the field and what it may be.
    """
    try:
        tree = pydantic_core.from_json(text)
    except ValueError as error:
        raise InputError(f"{source}: invalid JSON: {error}") from None
    try:
        fields = migrate_config(tree) if isinstance(tree, dict) else tree
        return _ADAPTER.validate_json(json.dumps(fields))
    except ValidationError as error:
        raise InputError(f"{source}: {_reason(error)}") from None
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


def validate(config: Config, source: str = "config") -> Config:
    """Return the config if every field is in its range; option classes do not check themselves.

    Raises:
        InputError: as `from_json`.
    """
    return from_json(to_json(config), source)


def differences(a: Config, b: Config) -> dict[str, tuple[Any, Any]]:
    """Return the fields in which two configs differ, by dotted name, with both values."""
    flat_a, flat_b = (_flatten(dataclasses.asdict(config)) for config in (a, b))
    names = sorted(flat_a.keys() | flat_b.keys())
    return {n: (flat_a.get(n), flat_b.get(n)) for n in names if flat_a.get(n) != flat_b.get(n)}


def differing(configs: Sequence[Config]) -> dict[str, list[Any]]:
    """Return the fields in which any of the configs differ, by dotted name, with the value of each config.

    A field that a config does not have is None. Names differ always, and are left out.
    """
    flat = [_flatten(dataclasses.asdict(config)) for config in configs]
    values = {field: [one.get(field) for one in flat] for field in sorted(set().union(*flat))}
    return {
        field: of_each
        for field, of_each in values.items()
        if field != "name" and any(value != of_each[0] for value in of_each)
    }


def _flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= _flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def _reason(error: ValidationError) -> str:
    """Say in one line which field is wrong and what it may be."""
    # Where a field may be one thing or another, all are tried: the one that got furthest was meant.
    first = max(error.errors(include_url=False), key=lambda e: len(e["loc"]))
    kinds = {option.kind for union in (Model, Optimizer) for option in options(union)}
    parts = [str(part) for part in first["loc"] if part not in kinds]
    field = ".".join(part for part in parts if not part.startswith(("constrained-", "tuple[")))
    if first["type"] == "unexpected_keyword_argument":
        return f"unknown field {field}"
    if first["type"] == "union_tag_invalid":
        return f"{field}.kind is {first['ctx']['tag']!r}: it must be one of {first['ctx']['expected_tags']}"
    if first["type"] == "value_error":  # of a validator of ours, which begins with the name of the field
        return ".".join(part for part in (field, str(first["ctx"]["error"])) if part)
    message = first["msg"][0].lower() + first["msg"][1:]
    given = "" if first["type"] == "json_invalid" else f" (it is {first['input']!r})"
    return f"{field}: {message}{given}" if field else f"{message}{given}"
