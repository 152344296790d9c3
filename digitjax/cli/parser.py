"""The parser of the command line; each command adds its own arguments beside the function that runs it."""

import argparse

from digitjax import __version__
from digitjax.cli import adapt, bench, data, evaluate, export, read, report, runs, serve, training

_COMMANDS = (
    training.add_quickstart,
    training.add_train,
    training.add_sweep,
    adapt.add_adapt,
    runs.add_list,
    runs.add_verify,
    evaluate.add_evaluate,
    evaluate.add_compare,
    report.add_report,
    runs.add_ensemble,
    evaluate.add_calibrate,
    read.add_read,
    report.add_reconstruct,
    evaluate.add_evaluate_pictures,
    export.add_pack,
    export.add_export,
    serve.add_dashboard,
    serve.add_serve,
    bench.add_bench,
    data.add_data,
)
"""In the order of `digitjax --help`."""


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of `digitjax`.

    What it parses has `name`, the name of the command, `command`, the function that runs it, `parser`, its own
    parser, and perhaps `takes_overrides` (unknown arguments override fields of a config) and `trains` (the
    allocator is tuned first).
    """
    parser = argparse.ArgumentParser(
        prog="digitjax",
        description="Digit recognition in JAX and Flax.",
        epilog="documentation: https://digitjax.github.io/digitjax/",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"digitjax {__version__}")
    parser.set_defaults(takes_overrides=False, trains=False)
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="name")
    for add in _COMMANDS:
        add(subparsers)
    return parser
