"""The config of an experiment: its fields, its JSON, its validation."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal
from unicodedata import category

import pydantic_core
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from digitjax.config.base import Options, options
from digitjax.config.data import Augment, Data
from digitjax.config.models import AutoencoderConfig, CNNConfig, Model, VAEConfig
from digitjax.config.training import Adam, Optimizer, Schedule, Training
from digitjax.errors import InputError, format_validation_error
from digitjax.migration import VERSION, migrate_config

_MAX_NAME_BYTES = 200
"""Longest name of a run, as file systems take 255 bytes, and names of locks and half-written folders are longer."""
Task = Literal["classification", "reconstruction"]


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """The config of an experiment: with the code and the data set, all that is needed to repeat a run."""

    name: str = "run"
    """Name of the run folder: letters of any script and digits, after the first also . _ and -."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of the initial weights, the order of the examples, the augmentation and the dropout."""
    data: Data = Data()
    augment: Augment = Augment()
    model: Model = CNNConfig()
    optimizer: Optimizer = Adam()
    schedule: Schedule = Schedule()
    training: Training = Training()
    _is_validated: ClassVar[bool] = False
    """Whether this object came out of `from_json`; set on the object, which cannot change afterwards."""

    @property
    def task(self) -> Task:
        """What the model is trained for: to classify digits, or to reconstruct images."""
        return "reconstruction" if isinstance(self.model, AutoencoderConfig | VAEConfig) else "classification"

    @model_validator(mode="after")
    def _refuse_names_of_no_folder(self) -> "Config":
        takes = (
            c.isalnum() or (i and (c in "._-" or category(c)[0] == "M")) for i, c in enumerate(self.name)
        )
        if not self.name or not all(takes) or len(self.name.encode()) > _MAX_NAME_BYTES:
            raise ValueError(
                f"name is {self.name[:40]!r}: it may have letters, digits and, after the first, also . _ and -, "
                f"{_MAX_NAME_BYTES} bytes at most"
            )
        return self

    @model_validator(mode="after")
    def _refuse_label_options(self) -> "Config":
        for name in ("label_smoothing", "mixup"):
            value = getattr(self.training, name)
            if value and self.task == "reconstruction":
                raise ValueError(
                    f"training.{name} is {value}: it changes labels, which model.kind {self.model.kind} is not "
                    "trained on: set it to 0"
                )
        if self.data.outliers and self.task == "reconstruction":
            raise ValueError(
                f"data.outliers is {self.data.outliers}: only classifiers are trained on outliers, and model.kind "
                f"{self.model.kind} is none: set it to 0"
            )
        return self


_ADAPTER: TypeAdapter[Config] = TypeAdapter(Config)
_KINDS = {option.kind for union in (Model, Optimizer) for option in options(union)}


def to_json(config: Config) -> str:
    """Return the config as indented JSON, every field spelled out."""
    return json.dumps({"version": VERSION, **to_tree(config)}, indent=2) + "\n"


def to_tree(config: Config) -> dict[str, Any]:
    """Return the config as nested dictionaries of JSON values, every field spelled out."""
    return _ADAPTER.dump_python(config, mode="json")


def from_json(text: str | bytes, source: str = "config") -> Config:
    """Read and validate a config; fields that are left out have their defaults.

    Args:
        text: JSON of this version of `config.json` or an earlier one.
        source: where it comes from, with which messages begin.

    Returns:
        The config, of which `validate` knows that it is valid.

    Raises:
        InputError: the JSON is malformed, or a field is unknown, of the wrong type or out of range;
            the message names the field and what it may be.
    """
    try:
        tree = pydantic_core.from_json(text)
    except ValueError as error:
        raise InputError(f"{source}: invalid JSON: {error}") from None
    try:
        fields = migrate_config(tree) if isinstance(tree, dict) else tree
        config = _ADAPTER.validate_json(json.dumps(fields))
    except ValidationError as error:
        raise InputError(f"{source}: {format_validation_error(error, _KINDS)}") from None
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    object.__setattr__(config, "_is_validated", True)
    return config


def validate(config: Config, source: str = "config") -> Config:
    """Return the config if every field is in its range; constructors of option classes check nothing.

    What this function or `from_json` returned once is returned as it is, since a config never changes: every
    function that takes a config may call this, and a config is still checked only once.

    Args:
        config: written in Python, or read from JSON or a command line.
        source: where it comes from, with which messages begin.

    Raises:
        InputError: a field is of the wrong type or out of range.
    """
    return config if config._is_validated else from_json(to_json(config), source)


def field_names(config: Config) -> list[str]:
    """Return the dotted names of all fields of a config, those of its model and its optimizer included."""
    return list(flatten(config))


def flatten(config: Config) -> dict[str, Any]:
    """Return the values of all fields of a config by their dotted names."""
    return _flatten(dataclasses.asdict(config))


def differences(a: Config, b: Config) -> dict[str, tuple[Any, Any]]:
    """Return the fields in which two configs differ, by dotted name, with both values.

    Args:
        a: the config whose values come first.
        b: the other config. A field that one of them does not have is None.
    """
    return {field: (of_a, of_b) for field, (of_a, of_b) in _compare([a, b]).items()}


def differing(configs: Sequence[Config]) -> dict[str, list[Any]]:
    """Return the fields in which any of the configs differ, by dotted name, with the value of each config.

    A field that a config does not have is None. The name, in which configs always differ, is left out.
    """
    return {field: values for field, values in _compare(configs).items() if field != "name"}


def _compare(configs: Sequence[Config]) -> dict[str, list[Any]]:
    """Return the fields whose values are not all equal, sorted by dotted name, with the value of each config."""
    flat = [flatten(config) for config in configs]
    rows = {field: [fields.get(field) for fields in flat] for field in sorted(set().union(*flat))}
    return {field: row for field, row in rows.items() if any(value != row[0] for value in row)}


def _flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= _flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat
