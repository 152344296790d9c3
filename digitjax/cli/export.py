"""The commands that copy or convert a run for use elsewhere: `pack` and `export`."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from digitjax.cli.arguments import add_command, add_runs, add_step
from digitjax.cli.startup import prepare_jax

if TYPE_CHECKING:
    from digitjax.cli.arguments import Subparsers

_FORMATS = ("stablehlo", "onnx", "safetensors", "tensorboard", "web")


def add_pack(subparsers: "Subparsers") -> None:
    """Add `pack`."""
    parser = add_command(subparsers, "pack", pack, "digitjax pack mnist models/mnist")
    parser.add_argument("run", metavar="RUN", help="name or path of a run")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder to create")
    add_step(parser)
    add_runs(parser)


def pack(args: argparse.Namespace) -> None:
    """Copy a run with the weights of one checkpoint only, to share it; the copy cannot be resumed."""
    from digitjax import runs
    from digitjax.model.export import pack as packing

    print(packing.pack(runs.find_run(args.run, args.runs), args.folder, args.step).path)


def add_export(subparsers: "Subparsers") -> None:
    """Add `export`."""
    parser = add_command(subparsers, "export", export, "digitjax export mnist --to onnx --out mnist.onnx")
    parser.add_argument("run", metavar="RUN", help="name or path of a run")
    parser.add_argument("--to", required=True, choices=_FORMATS, help="format")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="PATH",
        help="file to write; for tensorboard and web, a folder",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier export")
    add_step(parser)
    add_runs(parser)


def export(args: argparse.Namespace) -> None:
    """Export a model to StableHLO, ONNX, safetensors or a web page, or its metrics to TensorBoard.

    `--to web` writes a static folder on whose page digits are drawn and read in the browser, without a network. Its
    runtime, onnxruntime-web, is fetched by npm once.
    """
    from digitjax import runs
    from digitjax.model.export import export as export_run

    prepare_jax()
    run = runs.find_run(args.run, args.runs)
    usage = export_run(run, args.to, args.out, args.step, overwrite=args.overwrite)
    print(args.out)
    print(usage, file=sys.stderr)
