"""The commands that start a server: `dashboard` and `serve`."""

import argparse
import functools
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digitjax.cli.arguments import add_address, add_command, add_model, add_runs, add_tta
from digitjax.cli.startup import prepare_jax
from digitjax.errors import InputError
from digitjax.signals import hold_interrupts

if TYPE_CHECKING:
    from fastapi import FastAPI

    from digitjax.cli.arguments import Subparsers


def add_dashboard(subparsers: "Subparsers") -> None:
    """Add `dashboard`."""
    parser = add_command(subparsers, "dashboard", dashboard, "digitjax dashboard --port 8600")
    add_runs(parser)
    add_dashboard_options(parser)


def add_dashboard_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the dashboard's server, which `quickstart` takes too."""
    add_address(parser, port=8501)
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument(
        "--api", action="store_true", help="also serve the API of `digitjax serve` under /api"
    )


def dashboard(args: argparse.Namespace) -> None:
    """Open the dashboard in a browser.

    Other machines can reach it only if --host allows them to. With --api, the environment variables of `digitjax serve`
    say who may send requests.
    """
    from digitjax.experiments import shipped_folder

    if importlib.util.find_spec("streamlit") is None:
        raise InputError("the dashboard needs Streamlit: pip install 'digitjax[app]'")
    if args.api:
        _require_server_packages()
        from digitjax.recognition.serving.access import Access

        Access.from_environment(args.host)  # or the server would end with a traceback
    server = shipped_folder("dashboard") / "server.py"
    # -P: a click.py in the current folder must not take the place of Streamlit's.
    command = [sys.executable, "-P", str(server), str(args.runs), args.host, str(args.port)]
    command += ["headless"] * args.no_browser + ["api"] * args.api
    sys.stdout.flush()
    hold_interrupts()
    os.execv(sys.executable, command)


def add_serve(subparsers: "Subparsers") -> None:
    """Add `serve`."""
    parser = add_command(subparsers, "serve", serve, "digitjax serve --port 8080")
    add_model(parser)
    add_tta(parser)
    add_address(parser, port=8000)
    parser.add_argument(
        "--max-mb", type=int, default=60, metavar="N", help="maximum size of a request in MB (default: 60)"
    )
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="number of worker processes (default: 1)"
    )
    parser.add_argument(
        "--log", action="store_true", help="log each request as one JSON line to standard error"
    )
    add_runs(parser)


def serve(args: argparse.Namespace) -> None:
    """Serve recognition over HTTP until Ctrl-C.

    Other machines can reach it only if --host allows them to. Clients must send the API key in the environment
    variable DIGITJAX_API_KEY, if it is set. They may address the server as localhost, by its IP address, and by the
    names in DIGITJAX_HOSTS. Web pages from the origins in DIGITJAX_CORS_ORIGINS may read responses. Both are separated
    by commas, and * stands for any.
    """
    _require_server_packages()
    if args.max_mb < 1:
        raise InputError(f"--max-mb is {args.max_mb}: it must be 1 or more")
    if args.workers < 1:
        raise InputError(f"--workers is {args.workers}: it must be 1 or more")
    from digitjax import runs
    from digitjax.recognition.serving import server, workers
    from digitjax.recognition.serving.access import Access

    options = {
        "max_bytes": args.max_mb * 1_000_000,
        "access": Access.from_environment(args.host),
        "log": args.log,
    }
    make_app = functools.partial(_make_app, args.model, args.runs, args.tta, args.workers, **options)
    name = runs.find_entry(args.model or runs.PRETRAINED, args.runs).name
    if args.workers > 1:
        workers.serve(make_app, name, args.host, args.port, args.workers)
    listening = server.bind(args.host, args.port)
    server.serve(make_app(), listening, functools.partial(server.announce, name, listening))


def _make_app(model: str | None, folder: Path, tta: str, workers: int, **options: Any) -> "FastAPI":
    """Return the application of each worker."""
    from digitjax.recognition import recognizer
    from digitjax.recognition.serving.app import make_app
    from digitjax.recognition.serving.readers import MAX_CONCURRENT_READS, ProcessReaders

    load = functools.partial(recognizer.load, model, folder, tta, prepare_jax=prepare_jax)
    loaded = load()
    if "jax" in sys.modules:  # then each process would take three times the memory, and compile
        return make_app(loaded, **options)
    cores = -(-(os.cpu_count() or 1) // workers)
    count = min(cores + 1, MAX_CONCURRENT_READS)  # one more, so that no core waits for its next picture
    return make_app(loaded, readers=ProcessReaders(load, count), **options)


def _require_server_packages() -> None:
    required = ("fastapi", "uvicorn", "httptools", "python_multipart", "prometheus_client")
    missing = [name for name in required if not importlib.util.find_spec(name)]
    if missing:
        raise InputError(f"the server needs {', '.join(missing)}: pip install 'digitjax[serve]'")
