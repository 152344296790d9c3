"""The command line. Each command imports what it needs when it runs, so that `--help` answers at once."""

import os
import signal
import sys
import warnings
from typing import NoReturn

from digitjax.cli.arguments import option_names
from digitjax.cli.parser import make_parser
from digitjax.cli.startup import ignore_late_callbacks, prepare_streams
from digitjax.errors import InputError, escape_control, suggest_option
from digitjax.migration import migrate_arguments
from digitjax.signals import exit_on_interrupt, hold_interrupts

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit.

    The exit code is 0 on success, 2 on bad input, 1 on a numerical error of a training, 130 on Ctrl-C, and 141 where
    nobody reads standard output any more. An error is one line on standard error.

    Args:
        arguments: command line without the name of the program; by default that of this process.
    """
    if arguments is None:
        exit_on_interrupt()
        prepare_streams()
        ignore_late_callbacks()
    args, overrides = make_parser().parse_known_args(
        migrate_arguments(sys.argv[1:] if arguments is None else arguments)
    )
    args.overrides = overrides
    if overrides and not args.takes_overrides:
        nearest = suggest_option(overrides[0].partition("=")[0], option_names(args.parser))
        _fail(f"unknown arguments: {' '.join(overrides)}{nearest or f': see digitjax {args.name} --help'}")
    if args.trains and arguments is None:
        from digitjax.environment import tune_allocator

        hold_interrupts()
        tune_allocator()
        exit_on_interrupt()
    warnings.showwarning = lambda message, *_, **__: print(
        f"digitjax: warning: {escape_control(str(message))}", file=sys.stderr
    )
    try:
        try:
            args.command(args)
        finally:
            _flush_output()
    except InputError as error:
        _fail(str(error))
    except FloatingPointError as error:
        _fail(str(error), code=1)
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has left
        sys.exit(128 + signal.SIGPIPE)
    except UnicodeEncodeError as error:
        _fail(f"{error.object!r} cannot be written as {error.encoding}: set PYTHONUTF8=1")
    except OSError as error:
        _fail(f"{error.filename or 'disk'}: {error.strerror or error}")


def _flush_output() -> None:
    """Flush standard output; where that fails, Python must not try again at the exit, and print a traceback."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _fail(reason: str, code: int = 2) -> NoReturn:
    print(f"digitjax: error: {escape_control(' '.join(reason.split()))}", file=sys.stderr)
    sys.exit(code)
