"""Overrides of the fields of a config on the command line."""

import contextlib
import dataclasses
import io
import re
import shlex
from collections.abc import Collection, Sequence

from digitjax.config import base
from digitjax.config.experiment import Config, field_names, validate
from digitjax.config.models import Model
from digitjax.config.training import Optimizer
from digitjax.errors import InputError, suggest_option
from digitjax.migration import migrate_arguments


def override(
    config: Config,
    arguments: Sequence[str],
    prog: str = "digitjax train EXPERIMENT",
    options: Collection[str] = (),
) -> Config:
    """Apply command-line arguments such as `--optimizer.lr 1e-3` or `--model.kind mlp` to a config.

    A new `kind` starts from the defaults of its option class. `--help` prints every field and exits.

    Args:
        config: the config to start from.
        arguments: command-line arguments, with field names of this version or an earlier one.
        prog: the command that `--help` names.
        options: other options of the command, which a message about an unknown one may suggest.

    Returns:
        The config with the new values, validated.

    Raises:
        InputError: a field is unknown, cannot be parsed, or is out of its range.
    """
    if not arguments:
        return validate(config)
    import tyro

    config, rest = _apply_kinds(config, migrate_arguments(arguments))
    printed = io.StringIO()
    wants_help = "--help" in rest or "-h" in rest
    try:
        with contextlib.nullcontext() if wants_help else contextlib.redirect_stderr(printed):
            config = tyro.cli(
                Config, prog=prog, default=config, args=rest, config=(tyro.conf.AvoidSubcommands,)
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        reason = _read_framed_error(printed.getvalue())
        if unknown := re.match(r"Unrecognized options: (--[^\s,=]+)", reason):
            known = [*(f"--{field.replace('_', '-')}" for field in field_names(config)), *options]
            reason = f"there is no option {unknown[1]}{suggest_option(unknown[1], known)}"
        raise InputError(f"arguments: {reason}") from None
    return validate(config, "arguments")


def split_arguments(text: str) -> list[str]:
    """Split text as a shell would into arguments of `override`; lines may end in a `# comment`.

    Raises:
        InputError: a quote is not closed, or it asks for `--help`, which only a terminal shows.
    """
    try:
        arguments = shlex.split(text, comments=True)
    except ValueError as error:
        raise InputError(f"arguments: {str(error).lower()}: close every quote") from None
    if {"--help", "-h"} & set(arguments):
        raise InputError("arguments: --help is shown by the command line: digitjax train EXPERIMENT --help")
    return arguments


def _apply_kinds(config: Config, arguments: list[str]) -> tuple[Config, list[str]]:
    """Apply `--model.kind K` and `--optimizer.kind K`, which change the set of fields; return the other arguments."""
    arguments = [part for argument in arguments for part in re.split(r"(?<=\.kind)=", argument, maxsplit=1)]
    for field, union in (("model", Model), ("optimizer", Optimizer)):
        flag = f"--{field}.kind"
        while flag in arguments[:-1]:
            position = arguments.index(flag)
            kind = arguments[position + 1]
            del arguments[position : position + 2]
            classes = {option.kind: option for option in base.options(union)}
            if kind not in classes:
                raise InputError(f"{field}.kind is {kind!r}: it must be one of {', '.join(classes)}")
            if kind != getattr(config, field).kind:
                config = dataclasses.replace(config, **{field: classes[kind]()})
    return config, arguments


def _read_framed_error(printed: str) -> str:
    """Return the error that tyro prints in a frame, as one line."""
    lines = [line.strip(" │╭╮╰╯─-") for line in printed.splitlines()]
    kept = []
    for line in lines[1:]:
        if line.startswith(("For full helptext", "Argument helptext", "Perhaps you meant", "Got errors")):
            break
        kept.append(line)
    return " ".join(" ".join(kept).split()) or "they cannot be parsed"
