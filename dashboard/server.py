"""The server of the pages, which `digitjax dashboard` starts: `python dashboard/server.py RUNS HOST PORT [FLAG...]`.

Flags: `headless` opens no browser; `api` answers what `digitjax serve` does below `/api`.
"""

import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.routing import Mount
from streamlit.starlette import App

OPTIONS = {
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    "theme.light.primaryColor": "#0072B2",  # as in the charts
    "theme.dark.primaryColor": "#56B4E9",
}


def main(host: str, port: str, *flags: str) -> None:
    """Serve until the process is stopped."""
    api = make_api() if "api" in flags else None

    @contextlib.asynccontextmanager
    async def lifespan(app: App) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            if api:  # what is mounted is not told of start and end
                await stack.enter_async_context(api.router.lifespan_context(api))
            yield

    routes = [Mount("/api", api)] if api else []
    app = App(Path(__file__).with_name("app.py"), lifespan=lifespan, routes=routes)
    own = {"server.address": host, "server.port": int(port), "server.headless": "headless" in flags}
    import_ahead()
    app.run(config=OPTIONS | own)


def import_ahead() -> None:
    """Import what the first page needs before there is anybody who waits for it."""
    import pandas  # noqa: F401

    import digitjax.runs.group  # noqa: F401


def make_api():
    """Return the application that reads with the model in the box."""
    from digitjax.cli.startup import prepare_jax
    from digitjax.recognition import recognizer
    from digitjax.recognition.serving.app import make_app

    prepare_jax()
    return make_app(recognizer.load(), key=os.environ.get("DIGITJAX_API_KEY", ""))


if __name__ == "__main__":
    main(*sys.argv[2:])  # the first is for app.py, which sees the same arguments
