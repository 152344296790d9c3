"""The command line. What a command needs is imported when it runs, so that `--help` answers at once."""

import sys
import warnings
from typing import NoReturn

from digitjax.cli import training
from digitjax.cli.parser import make_parser
from digitjax.errors import InputError
from digitjax.migration import migrate_arguments

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit: 0 when it worked, 2 with a one-line reason on bad input."""
    args, rest = make_parser().parse_known_args(
        migrate_arguments(sys.argv[1:] if arguments is None else arguments)
    )
    if rest and args.command is not training.train:
        _fail(f"unknown arguments: {' '.join(rest)}: see digitjax {args.name} --help")
    if arguments is None and args.command in (training.quickstart, training.train, training.sweep):
        from digitjax.environment import tune_allocator

        tune_allocator()
    warnings.showwarning = lambda message, *_, **__: print(f"digitjax: warning: {message}", file=sys.stderr)
    try:
        args.command(args, rest) if args.command is training.train else args.command(args)
    except InputError as error:
        _fail(str(error))
    except FloatingPointError as error:
        _fail(str(error), code=1)
    except OSError as error:
        _fail(f"{error.filename or 'disk'}: {error.strerror or error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(reason: str, code: int = 2) -> NoReturn:
    print(f"digitjax: error: {' '.join(reason.split())}", file=sys.stderr)
    sys.exit(code)
