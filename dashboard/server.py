"""The dashboard's web server, which `digitjax dashboard` starts: `python server.py RUNS HOST PORT [FLAG...]`.

Flags: `headless` opens no browser; `api` also serves the HTTP API of `digitjax serve` below `/api`.
"""

import contextlib
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from digitjax.signals import exit_on_interrupt

exit_on_interrupt()  # before what takes time
sys.path.insert(0, str(Path(__file__).parent))  # of `parts`; `python -P` leaves it out

from starlette.routing import Mount  # noqa: E402
from streamlit.starlette import App  # noqa: E402

if TYPE_CHECKING:
    from fastapi import FastAPI

OPTIONS = {
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    "theme.light.primaryColor": "#0072B2",  # as in the charts
    "theme.dark.primaryColor": "#56B4E9",  # in the text of links and of selected items
}
"""Streamlit's configuration options, by their names."""
_PAUSE = 10  # seconds that the first visitor has to draw before JAX is imported, which slows all else down
_SWITCH_INTERVAL = 5e-4  # seconds that an importing thread may keep the others waiting; Python's own is 5e-3


def main(host: str, port: str, *flags: str) -> None:
    """Serve the dashboard until the process is stopped.

    Args:
        host: address to listen on.
        port: TCP port.
        flags: `headless`, `api`, or both.
    """
    api = create_api(host) if "api" in flags else None

    @contextlib.asynccontextmanager
    async def lifespan(app: App) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            if api:  # Starlette does not run the lifespan of a mounted application
                await stack.enter_async_context(api.router.lifespan_context(api))
            yield

    routes = [Mount("/api", api)] if api else []
    app = App(Path(__file__).with_name("app.py"), lifespan=lifespan, routes=routes)
    options = OPTIONS | {
        "server.address": host,
        "server.port": int(port),
        "server.headless": "headless" in flags,
    }
    preload_modules()
    sys.setswitchinterval(_SWITCH_INTERVAL)
    threading.Thread(target=preload_model, daemon=True).start()
    app.run(config=options)


def preload_modules() -> None:
    """Import the modules of the first page before the first visitor waits for them."""
    import pandas  # noqa: F401

    import digitjax.runs.group  # noqa: F401


def preload_model() -> None:
    """Load the pretrained model while the first page is looked at, so that the first stroke is read at once."""
    from parts import background
    from parts.recognizers import find_recognizer, load_recognizer

    from digitjax import runs
    from digitjax.errors import InputError

    with contextlib.suppress(InputError):  # which the page shows
        load_recognizer(find_recognizer(runs.find_run(runs.PRETRAINED, runs.PRETRAINED_FOLDER)))
    time.sleep(_PAUSE)
    background.prepare("modules", background.import_modules)


def create_api(host: str) -> "FastAPI":
    """Return the HTTP API of the pretrained model, for a server that listens on an address."""
    from digitjax.cli.startup import prepare_jax
    from digitjax.recognition import recognizer
    from digitjax.recognition.serving.access import Access
    from digitjax.recognition.serving.app import make_app

    return make_app(recognizer.load(prepare_jax=prepare_jax), access=Access.from_environment(host))


if __name__ == "__main__":
    main(*sys.argv[2:])  # the first argument is for app.py, which sees the same list
