"""The commands below `digitjax data`."""

import argparse
from typing import TYPE_CHECKING

from digitjax.cli.arguments import add_command

if TYPE_CHECKING:
    from digitjax.cli.arguments import Subparsers

_NAMES = ("digits", "mnist", "folder")


def add_data(subparsers: "Subparsers") -> None:
    """Add `data prepare`."""
    data = subparsers.add_parser("data", help="Prepare data sets", description="Prepare data sets.")
    commands = data.add_subparsers(title="commands", required=True, metavar="COMMAND")
    parser = add_command(commands, "prepare", prepare, "digitjax data prepare mnist --manual-dir ~/mnist")
    parser.add_argument("dataset", metavar="NAME", choices=_NAMES, help=f"one of {', '.join(_NAMES)}")
    parser.add_argument("--folder", metavar="DIR", help="for folder: folder of your own images")
    parser.add_argument(
        "--manual-dir", metavar="DIR", help="folder with the original files, instead of a download"
    )


def prepare(args: argparse.Namespace) -> None:
    """Download or import the files of a data set, verify them and cache them as arrays."""
    from digitjax.config import Config, Data, validate
    from digitjax.data import pipeline

    data = Data(name=args.dataset, folder=args.folder, manual_dir=args.manual_dir)
    print(pipeline.prepare(validate(Config(data=data), "arguments").data))
