"""The page of the command line, from its parser."""

import argparse
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from markdown_table import anchored, table

from digitjax.cli.parser import make_parser

_INTRODUCTION = """# Command line

Every command lists its options with `--help`. `digitjax --version` prints the version.
The exit code is 0 on success, 2 on bad input, 1 on a numerical error of a training, and 130 on Ctrl-C;
an error is one line on standard error.
"""
_TYPES = {int: "integer", float: "number", Path: "path", None: "text"}
_WIDTH = 80  # characters of a usage line, which is as wide as the column of text


def generate() -> str:
    """Return the page in Markdown."""
    return "\n\n".join([_INTRODUCTION, *map(_describe, commands(make_parser()))])


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the parsers of the commands below a parser, and of their own commands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield command
                yield from commands(command)


def command_id(parser: argparse.ArgumentParser) -> str:
    """Return the anchor of a command."""
    return parser.prog.removeprefix("digitjax ").replace(" ", "-")


def argument_id(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return the anchor of an argument of a command.

    Args:
        parser: the command.
        action: the argument.
    """
    name = action.option_strings[-1] if action.option_strings else f"-{action.metavar or action.dest}"
    return command_id(parser) + name


def arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the arguments of a command, without `--help` and without its own commands."""
    return [
        action
        for action in parser._actions
        if "-h" not in action.option_strings and not isinstance(action, argparse._SubParsersAction)
    ]


def _describe(parser: argparse.ArgumentParser) -> str:
    parser.formatter_class = functools.partial(argparse.HelpFormatter, width=_WIDTH)
    parts = [
        f"## {parser.prog} {{ #{command_id(parser)} }}",
        parser.description or "",
        f"```text\n{parser.format_usage().strip()}\n```",
    ]
    if shown := arguments(parser):
        columns = ("argument", "value", "default", "description")
        parts.append(table(columns, [_row(parser, action) for action in shown]))
    if parser.epilog:
        parts.append(f"```sh\n{parser.epilog.removeprefix('example: ')}\n```")
    return "\n\n".join(parts)


def _row(parser: argparse.ArgumentParser, action: argparse.Action) -> tuple[str, str, str, str]:
    text, default = re.fullmatch(r"(.*?)(?: \(default: (.*)\))?", action.help or "").groups()
    name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
    if default is None:
        default = _default(action)
    return anchored(name, argument_id(parser, action)), _value(action), default, text


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return "flag"
    if action.choices:
        value = "one of " + ", ".join(f"`{choice}`" for choice in action.choices)
    else:
        kind = action.type if isinstance(action.type, type) else None
        value = _TYPES[kind]
    several = {"*": ", any number", "+": ", one or more"}
    return value + several.get(str(action.nargs), "")


def _default(action: argparse.Action) -> str:
    if action.required or (not action.option_strings and action.nargs in (None, "+")):
        return "required"
    if action.nargs == 0:
        return "off"
    if action.default in (None, argparse.SUPPRESS) or action.default == []:
        return "-"
    value = action.default
    return " ".join(map(str, value)) if isinstance(value, tuple) else f"`{value}`"
