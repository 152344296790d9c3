"""Arguments that several commands share."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

_RUNS = Path("runs")


def add_command(
    subparsers: "Subparsers",
    name: str,
    command: Callable[[argparse.Namespace], None],
    example: str,
    **options: Any,
) -> argparse.ArgumentParser:
    """Add a command whose help is the docstring of the function that runs it.

    Args:
        subparsers: the commands of `digitjax`, or of one of its commands.
        name: name of the command.
        command: runs the command with the parsed arguments.
        example: command line shown at the end of the help.
        **options: passed on to `argparse.ArgumentParser`.

    Returns:
        The parser of the command. It sets `command` to the function and `parser` to itself.
    """
    summary, _, details = (command.__doc__ or "").partition("\n\n")
    parser = subparsers.add_parser(
        name,
        help=summary.rstrip("."),
        description=f"{summary} {details}",
        epilog=f"example: {example}",
        allow_abbrev=False,
        **options,
    )
    parser.set_defaults(command=command, parser=parser)
    return parser


def option_names(parser: argparse.ArgumentParser) -> list[str]:
    """Return the long options of a command."""
    return [option for action in parser._actions for option in action.option_strings if option[:2] == "--"]


def add_runs(parser: argparse.ArgumentParser, default: Path | str = _RUNS) -> None:
    """Add `--runs`.

    Args:
        parser: parser of a command.
        default: folder, or `argparse.SUPPRESS` below a command that has the option, too.
    """
    parser.add_argument(
        "--runs", type=Path, default=default, metavar="DIR", help="folder of the runs (default: runs)"
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add `--model`."""
    parser.add_argument(
        "--model",
        metavar="RUN",
        help="name or path of a run, a group or an ensemble (default: handwriting, the pretrained model)",
    )


def add_step(parser: argparse.ArgumentParser) -> None:
    """Add `--step`."""
    parser.add_argument(
        "--step",
        default="best",
        help="checkpoint: a step, latest, or best on the validation split (default: best)",
    )


def add_split(parser: argparse.ArgumentParser) -> None:
    """Add `--split`."""
    parser.add_argument(
        "--split",
        default="test",
        choices=("train", "validation", "test"),
        help="split of the data set (default: test)",
    )


def add_tta(parser: argparse.ArgumentParser) -> None:
    """Add `--tta`."""
    parser.add_argument(
        "--tta",
        default="none",
        choices=("none", "shifts"),
        help="test-time augmentation: none (default), or the mean over shifts of each image by one pixel",
    )


def add_json(parser: argparse.ArgumentParser, help: str = "print JSON") -> None:
    """Add the flag `--json`.

    Args:
        parser: parser of a command.
        help: what is printed as JSON.
    """
    parser.add_argument("--json", action="store_true", help=help)


def add_address(parser: argparse.ArgumentParser, port: int) -> None:
    """Add `--host` and `--port`.

    Args:
        parser: parser of a command that starts a server.
        port: default port.
    """
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=port, help=f"port to listen on (default: {port})")
