"""Commands that read pictures, at once or for others: each docstring is the help."""

import argparse
import contextlib
import functools
import itertools
import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digitjax.cli.startup import no_garbage, prepare_jax
from digitjax.errors import InputError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from digitjax.recognition.recognizer import Recognizer


def read(args: argparse.Namespace) -> None:
    """Read the digits in pictures: one line, or with --json one JSON object, a picture.

    With --out very many of them: the same command, started again, goes on where it was stopped.
    """
    if not args.pictures and args.list is None:
        raise InputError("there is nothing to read: name a PICTURE, or a list of them with --list")
    from digitjax.recognition import bulk

    shard = bulk.Shard.parse(args.shard) if args.shard else bulk.Shard()
    nothing: contextlib.AbstractContextManager[Iterable[str]] = contextlib.nullcontext(())
    with bulk.open_list(args.list) if args.list else nothing as listed:
        pictures = bulk.find(itertools.chain(args.pictures, listed), shard)
        with no_garbage():
            from digitjax.recognition import recognizer

            prepare_jax()
            reader = recognizer.load(args.model, args.runs, args.tta)
        failed = _write(reader, pictures, args.out) if args.out else _print(reader, pictures, args.json)
    if failed:
        sys.exit(2)


def _print(reader: "Recognizer", pictures: Iterable[str], as_json: bool) -> int:
    """Print what is in pictures, and return how many could not be read."""
    failed = 0
    for picture in pictures:
        result = reader.read_file(picture, picture)
        failed += result["error"] is not None
        if as_json:
            print(json.dumps(result), flush=True)
        elif result["error"]:
            print(f"digitjax: error: {picture}: {result['error']}", file=sys.stderr)
        else:
            name = os.fsencode(picture).decode(errors="replace")  # file names need not be UTF-8
            print(f"{name}: {result['text'] or '(no digits)'}", flush=True)
    return failed


def _write(reader: "Recognizer", pictures: Iterable[str], path: Path) -> int:
    """Write what is in pictures that a file does not have yet to it, and return how many in it could not be read."""
    from digitjax.progress import PictureCount
    from digitjax.recognition.results import ResultFile
    from digitjax.signals import catch_signals

    with ResultFile(path) as results, catch_signals() as signals:
        before, start = results.pictures, time.perf_counter()
        for picture in PictureCount().over(name for name in pictures if name not in results):
            results.write(reader.read_file(picture, picture))
            if signals:
                print(f"digitjax: {path}: stopped: the same command goes on from there", file=sys.stderr)
                sys.exit(128 + signals[0])
    read, seconds = results.pictures - before, time.perf_counter() - start
    print(
        f"{path}: {results.pictures:,} pictures, {results.failed:,} of them could not be read; "
        f"{read:,} now, {read / seconds:,.0f} a second",
        file=sys.stderr,
    )
    return results.failed


def dashboard(args: argparse.Namespace) -> None:
    """Open the dashboard in a browser, on this machine alone unless --host says otherwise.

    With --api clients must send the key that the environment variable DIGITJAX_API_KEY holds, if it does.
    """
    import importlib.util

    from digitjax.experiments import shipped_folder

    if importlib.util.find_spec("streamlit") is None:
        raise InputError("the dashboard needs Streamlit: pip install 'digitjax[app]'")
    if args.api:
        _require_server()
    server = shipped_folder("dashboard") / "server.py"
    # -P: a click.py in the current folder must not take the place of Streamlit's.
    command = [sys.executable, "-P", str(server), str(args.runs), args.host, str(args.port)]
    command += ["headless"] * args.no_browser + ["api"] * args.api
    sys.stdout.flush()
    os.execv(sys.executable, command)


def serve(args: argparse.Namespace) -> None:
    """Read pictures over HTTP, on this machine alone unless --host says otherwise; Ctrl-C ends it.

    Clients must send the key that the environment variable DIGITJAX_API_KEY holds, if it does.
    """
    _require_server()
    if args.max_mb < 1:
        raise InputError(f"--max-mb is {args.max_mb}: it must be 1 or more")
    if args.workers < 1:
        raise InputError(f"--workers is {args.workers}: it must be 1 or more")
    from digitjax import runs
    from digitjax.recognition.recognizer import PRETRAINED
    from digitjax.recognition.serving import process, workers

    options = {
        "max_bytes": args.max_mb * 1_000_000,
        "key": os.environ.get("DIGITJAX_API_KEY", ""),
        "log": args.log,
    }
    make = functools.partial(_make_app, args.model, args.runs, args.tta, **options)
    name = runs.find_entry(args.model or PRETRAINED, args.runs).name
    if args.workers > 1:
        workers.serve(make, name, args.host, args.port, args.workers)
    listening = process.bind(args.host, args.port)
    app = make()
    process.announce(name, listening)
    process.serve(app, listening)


def _make_app(model: str | None, folder: Path, tta: str, **options: Any) -> "FastAPI":
    from digitjax.recognition import recognizer
    from digitjax.recognition.serving.app import make_app

    prepare_jax()
    return make_app(recognizer.load(model, folder, tta), **options)


def _require_server() -> None:
    import importlib.util

    needed = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")
    missing = [name for name in needed if not importlib.util.find_spec(name)]
    if missing:
        raise InputError(f"the server needs {', '.join(missing)}: pip install 'digitjax[serve]'")
