"""The command `read`."""

import argparse
import contextlib
import itertools
import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from digitjax.cli.arguments import add_command, add_json, add_model, add_runs, add_tta
from digitjax.cli.startup import no_garbage_collection, prepare_jax
from digitjax.errors import InputError, escape_control

if TYPE_CHECKING:
    from digitjax.cli.arguments import Subparsers
    from digitjax.recognition.recognizer import Recognizer


def add_read(subparsers: "Subparsers") -> None:
    """Add `read`."""
    parser = add_command(subparsers, "read", read, "digitjax read photo.jpg --json")
    parser.add_argument(
        "pictures",
        nargs="*",
        metavar="PICTURE",
        help="picture files, folders that are searched for pictures, and - for a picture on standard input",
    )
    parser.add_argument("--list", metavar="FILE", help="file with one PICTURE per line, - for standard input")
    parser.add_argument(
        "--shard", metavar="I/N", help="read only part I of N, such as 1/2 on one machine and 2/2 on another"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write the JSON objects to a file, and skip pictures that are already in it",
    )
    add_model(parser)
    add_tta(parser)
    add_json(parser, "print one JSON object per picture")
    add_runs(parser)


def read(args: argparse.Namespace) -> None:
    """Read the digits in pictures.

    Prints one line per picture, or with --json one JSON object. To read very many pictures use --out: when it is
    stopped, the same command resumes.
    """
    if not args.pictures and args.list is None:
        raise InputError("no pictures given: name a PICTURE, or a list of them with --list")
    from digitjax.recognition import bulk

    shard = bulk.Shard.parse(args.shard) if args.shard else bulk.Shard()
    no_list: contextlib.AbstractContextManager[Iterable[str]] = contextlib.nullcontext(())
    with bulk.open_list(args.list) if args.list else no_list as listed:
        pictures = bulk.find_pictures(itertools.chain(args.pictures, listed), shard)
        with no_garbage_collection():
            from digitjax.recognition import recognizer

            reader = recognizer.load(args.model, args.runs, args.tta, prepare_jax=prepare_jax)
        failures = _write(reader, pictures, args.out) if args.out else _print(reader, pictures, args.json)
    if failures:
        sys.exit(2)


def _print(reader: "Recognizer", pictures: Iterable[str], as_json: bool) -> int:
    """Read pictures, print the results, and return how many could not be read."""
    failures = 0
    for picture in pictures:
        result = reader.read_file(sys.stdin.buffer if picture == "-" else picture, picture)
        failures += result["error"] is not None
        if as_json:
            print(json.dumps(result), flush=True)
        elif result["error"]:
            print(f"digitjax: error: {escape_control(picture)}: {result['error']}", file=sys.stderr)
        else:
            name = escape_control(
                os.fsencode(picture).decode(errors="replace")
            )  # file names need not be UTF-8
            print(f"{name}: {result['text'] or '(no digits)'}", flush=True)
    return failures


def _write(reader: "Recognizer", pictures: Iterable[str], path: Path) -> int:
    """Read the pictures that are not in a file yet, append them, and return how many in the file failed."""
    from digitjax.progress import PictureCount
    from digitjax.recognition.results import ResultFile
    from digitjax.signals import catch_signals

    with ResultFile(path) as results, catch_signals() as signals:
        before, start = results.pictures, time.perf_counter()
        for picture in PictureCount().over(name for name in pictures if name not in results):
            results.write(reader.read_file(picture, picture))
            if signals:
                print(f"digitjax: {path}: stopped: run the same command again to resume", file=sys.stderr)
                sys.exit(128 + signals[0])
    count, seconds = results.pictures - before, time.perf_counter() - start
    print(
        f"{path}: {results.pictures:,} pictures, {results.failed:,} of them could not be read; "
        f"{count:,} new, {count / seconds:,.0f} per second",
        file=sys.stderr,
    )
    return results.failed
