"""The commands that draw a run: `report` and `reconstruct`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from digitjax.cli.arguments import add_command, add_runs, add_split, add_step
from digitjax.cli.startup import prepare_jax
from digitjax.errors import InputError

if TYPE_CHECKING:
    from digitjax.cli.arguments import Subparsers


def add_report(subparsers: "Subparsers") -> None:
    """Add `report`."""
    parser = add_command(subparsers, "report", report, "digitjax report mnist")
    parser.add_argument("run", metavar="RUN", help="name or path of a run")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder to write (default: report in the run folder)"
    )
    add_split(parser)
    add_step(parser)
    add_runs(parser)


def report(args: argparse.Namespace) -> None:
    """Write an HTML report of a run that opens offline, with its charts as PNG files beside it."""
    from digitjax import runs
    from digitjax.visualization.report import write_report

    prepare_jax()
    print(write_report(runs.find_run(args.run, args.runs), args.out, args.split, args.step))


def add_reconstruct(subparsers: "Subparsers") -> None:
    """Add `reconstruct`."""
    parser = add_command(subparsers, "reconstruct", reconstruct, "digitjax reconstruct vae --out vae.png")
    parser.add_argument("run", metavar="RUN", help="name or path of a run of an autoencoder")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="PNG file to write (default: reconstructions.png in the run folder)",
    )
    add_split(parser)
    add_step(parser)
    add_runs(parser)


def reconstruct(args: argparse.Namespace) -> None:
    """Draw reconstructions, latent traversals and interpolations of an autoencoder as a PNG file."""
    import io

    from digitjax import runs
    from digitjax.data.run_data import load_split
    from digitjax.model import reconstructor
    from digitjax.visualization.grid import image_grid
    from digitjax.visualization.reconstruct import overview

    run = runs.find_run(args.run, args.runs)
    out = args.out or run.path / "reconstructions.png"
    if out.suffix != ".png" or not out.parent.is_dir():
        raise InputError(f"{out}: name a file that ends in .png, in a folder that exists")
    prepare_jax()
    autoencoder, step = reconstructor.load(run, args.step)
    png = io.BytesIO()
    image_grid(overview(autoencoder, load_split(run, args.split).images)).save(png, "PNG")
    runs.write_bytes(out, png.getvalue())
    print(f"{run.name}, {args.split} split, step {step}: {out}")
