"""The command `bench`."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digitjax.cli.arguments import add_command
from digitjax.errors import InputError

if TYPE_CHECKING:
    from digitjax.cli.arguments import Subparsers

_SUITES = ("training", "inference", "speedrun", "scaling", "reading")


def add_bench(subparsers: "Subparsers") -> None:
    """Add `bench`."""
    parser = add_command(subparsers, "bench", bench, "digitjax bench training --rounds 7 --json bench.json")
    parser.add_argument(
        "suites", nargs="*", metavar="SUITE", default=_SUITES, help=f"any of {', '.join(_SUITES)}"
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each suite (default: 5)")
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="FOLDER",
        help="with reading: read the pictures of a folder with a manifest.csv instead, beside RapidOCR",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all measurements to a JSON file")


def bench(args: argparse.Namespace) -> None:
    """Benchmark training, inference and reading, side by side with PyTorch, ONNX Runtime and RapidOCR."""
    if args.folder:
        _bench_folder(args)
        return
    import importlib.util

    from digitjax.benchmarks import harness, suites
    from digitjax.config import Data
    from digitjax.data import pipeline
    from digitjax.runs import write_json

    missing = [name for name in ("torch", "onnx") if importlib.util.find_spec(name) is None]
    if missing and set(args.suites) - suites.STANDALONE:
        raise InputError(f"bench needs {', '.join(missing)}: pip install 'digitjax[bench]'")
    pipeline.load(Data(name="digits"))
    if "speedrun" in args.suites:
        pipeline.load(Data(name="mnist"))
    machine = harness.describe_machine()
    print(harness.format_machine(machine), end="\n\n", flush=True)
    result: dict[str, Any] = {"machine": machine, "suites": {}}
    for name in args.suites:
        suite = suites.SUITES[name]
        rows = harness.run_suite(
            suite, args.rounds, lambda text: print(f"\r\x1b[K{text}", end="", file=sys.stderr)
        )
        print("\r\x1b[K", end="", file=sys.stderr)
        print(harness.format_table(suite, rows), end="\n\n", flush=True)
        result["suites"][name] = rows
        if args.json:
            write_json(args.json, result)


def _bench_folder(args: argparse.Namespace) -> None:
    """Compare digitjax with the peer on a folder of labelled pictures."""
    from digitjax.benchmarks import harness, peer
    from digitjax.cli.startup import prepare_jax
    from digitjax.runs import write_json

    if list(args.suites) != ["reading"]:
        raise InputError("--folder is for the suite reading alone: digitjax bench reading --folder FOLDER")
    prepare_jax()
    scores = peer.compare(args.folder)
    print(f"{scores[0]['pictures']:,} pictures of {args.folder}\n\n{peer.format_scores(scores)}")
    if len(scores) == 1:
        print(peer.MISSING)
    if args.json:
        machine = harness.describe_machine()
        write_json(args.json, {"machine": machine, "folder": str(args.folder), "readers": scores})
