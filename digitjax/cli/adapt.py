"""The command `adapt`."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from digitjax.cli.arguments import add_command, add_json, add_runs
from digitjax.cli.startup import no_garbage_collection, prepare_jax

if TYPE_CHECKING:
    from digitjax.cli.arguments import Subparsers


def add_adapt(subparsers: "Subparsers") -> None:
    """Add `adapt`."""
    parser = add_command(subparsers, "adapt", adapt, "digitjax adapt handwriting --name mine")
    parser.add_argument(
        "folder",
        type=Path,
        metavar="FOLDER",
        help="labeled pictures of one person's digits: sub-folders 0 to 9, or a manifest.csv",
    )
    parser.add_argument("--name", required=True, help="name of the new run")
    parser.add_argument("--overwrite", action="store_true", help="replace a run of this name")
    add_json(parser)
    add_runs(parser)


def adapt(args: argparse.Namespace) -> None:
    """Adapt the pretrained model to one person's handwriting, from 5 to 1,000 of their digits, in seconds.

    Prints the accuracy before and after; what is not better is not kept. `digitjax runs delete` undoes it.
    """
    with no_garbage_collection():
        from digitjax import runs
        from digitjax.model.training import adapt as adapting
        from digitjax.progress import Status

    prepare_jax()
    base = runs.find_run(runs.PRETRAINED, runs.PRETRAINED_FOLDER)
    with Status() as status:
        result = adapting.adapt(
            base, args.folder, args.name, args.runs, overwrite=args.overwrite, observe=status
        )
    print(json.dumps(result.to_dict()) if args.json else result.describe())
