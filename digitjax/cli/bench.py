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
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all measurements to a JSON file")


def bench(args: argparse.Namespace) -> None:
    """Benchmark training, inference and reading, side by side with PyTorch and ONNX Runtime."""
    import importlib.util

    from digitjax.benchmarks import harness, suites
    from digitjax.config import Data
    from digitjax.data import pipeline
    from digitjax.runs import write_json

    missing = [name for name in ("torch", "onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
    if missing and set(args.suites) - suites.STANDALONE:
        raise InputError(f"bench needs {', '.join(missing)}: pip install 'digitjax[bench]'")
    pipeline.load(Data(name="digits"))
    if "speedrun" in args.suites:
        pipeline.load(Data(name="mnist"))
    result: dict[str, Any] = {"machine": harness.describe_machine(), "suites": {}}
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
