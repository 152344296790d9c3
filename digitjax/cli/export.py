"""Commands that bring runs to other programs: each docstring is the help."""

import argparse
import sys

from digitjax.cli.startup import prepare_jax


def export(args: argparse.Namespace) -> None:
    """Write a run for other programs: as a function of pictures, as its weights, or as its training curves."""
    from digitjax import runs
    from digitjax.model.export import export as export_run

    prepare_jax()
    run = runs.find_run(args.run, args.runs)
    use = export_run(run, args.to, args.out, args.step, overwrite=args.overwrite)
    print(args.out)
    print(use, file=sys.stderr)
