"""Commands that read pictures, at once or for others: each docstring is the help."""

import argparse
import json
import sys

from digitjax.cli.start import no_garbage, prepare_jax
from digitjax.errors import InputError


def read(args: argparse.Namespace) -> None:
    """Read the digits in pictures: one line, or with --json one JSON object, a picture."""
    with no_garbage():
        from digitjax.recognition import recognizer

        prepare_jax()
        reader = recognizer.load(args.model, args.runs, args.views)
    failed = False
    for picture in args.pictures:
        result = reader.read_file(picture, picture)
        failed |= result["error"] is not None
        if args.json:
            print(json.dumps(result), flush=True)
        elif result["error"]:
            print(f"digitjax: error: {picture}: {result['error']}", file=sys.stderr)
        else:
            print(f"{picture}: {result['text'] or '(no digits)'}", flush=True)
    if failed:
        sys.exit(2)


def dashboard(args: argparse.Namespace) -> None:
    """Open the dashboard in a browser, on this machine alone unless --host says otherwise.

    With --api clients must send the key that the environment variable DIGITJAX_API_KEY holds, if it does.
    """
    import importlib.util
    import os

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
    import os

    _require_server()
    if args.max_mb < 1:
        raise InputError(f"--max-mb is {args.max_mb}: it must be 1 or more")
    from digitjax.recognition import recognizer
    from digitjax.recognition.serving import app, process

    key = os.environ.get("DIGITJAX_API_KEY", "")
    prepare_jax()
    listening = process.bind(args.host, args.port)
    reader = recognizer.load(args.model, args.runs, args.views)
    made = app.make_app(reader, max_bytes=args.max_mb * 1_000_000, key=key, log=args.log)
    process.serve(made, listening)


def _require_server() -> None:
    import importlib.util

    needed = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")
    missing = [name for name in needed if not importlib.util.find_spec(name)]
    if missing:
        raise InputError(f"the server needs {', '.join(missing)}: pip install 'digitjax[serve]'")
