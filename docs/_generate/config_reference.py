"""The page of the config, from its dataclasses."""

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any, NamedTuple, get_type_hints

import griffe
from json_schema import describe, format_value
from markdown_table import anchored, table
from pydantic import TypeAdapter

from digitjax.config import Config, Options, options

_INTRODUCTION = """# Config

A config is all that an experiment needs besides the code and the data set. It is written in three ways:

- **In Python**, as `digitjax.config.Config`: `Config(training=Training(epochs=5))`.
- **In JSON**, as the file `config.json` of each run: `{"training": {"epochs": 5}}`. Fields that are left out have
  their defaults.
- **On the command line**, as an option of `digitjax train`: `--training.epochs 5`. The items of
  a list are separated by spaces, `true` is the option alone (`--data.refit`), `false` has `no-` before the name
  (`--data.no-refit`), and `null` is `None`.

A value of the wrong type or out of range is refused before training starts, in one line that names the field.
"""


class Section(NamedTuple):
    """Fields of one class of options."""

    title: str
    anchor: str
    """Anchor of the section; of a field it is this, a point and the name of the field."""
    prefix: str
    """Dotted name of the section in the config, with a point at its end."""
    options: type


def generate() -> str:
    """Return the page in Markdown."""
    return "\n\n".join([_INTRODUCTION, *map(_describe, sections())])


def sections() -> Iterator[Section]:
    """Yield a section for the config itself, for each part of it, and for each `kind` of a part."""
    yield Section("Experiment", "config", "", Config)
    for name, hint in get_type_hints(Config, include_extras=True).items():
        if isinstance(hint, type) and issubclass(hint, Options):
            yield Section(name, name, f"{name}.", hint)
        elif _is_choice(hint):
            for option in options(hint):
                yield Section(f"{name}: {option.kind}", f"{name}.{option.kind}", f"{name}.", option)


def field_names(section: Section) -> list[str]:
    """Return the names of the fields that a section describes, without those that have sections of their own."""
    hints = get_type_hints(section.options, include_extras=True)
    return [
        field.name
        for field in dataclasses.fields(section.options)
        if not dataclasses.is_dataclass(hints[field.name]) and not _is_choice(hints[field.name])
    ]


def _is_choice(hint: Any) -> bool:
    return any(getattr(part, "discriminator", None) for part in getattr(hint, "__metadata__", ()))


def _describe(section: Section) -> str:
    schema = TypeAdapter(section.options).json_schema()["properties"]
    defaults = {field.name: field.default for field in dataclasses.fields(section.options)}
    source = _source(section.options.__module__)[section.options.__name__]
    rows = [
        (
            anchored(section.prefix + name, f"{section.anchor}.{name}"),
            describe(schema[name]),
            format_value(defaults[name]),
            source[name].docstring.value,
        )
        for name in field_names(section)
    ]
    return "\n\n".join(
        [
            f"## {section.title} {{ #{section.anchor} }}",
            source.docstring.value,
            table(("field", "value", "default", "description"), rows),
        ]
    )


@functools.cache
def _source(module: str) -> Any:
    """Return the parsed source of a module, which has the docstrings of fields."""
    return griffe.load(module)
