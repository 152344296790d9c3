"""The server of the pages, which `digitjax dashboard` starts: `python dashboard/server.py RUNS_DIR PORT [headless]`."""

import contextlib
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from streamlit.starlette import App

OPTIONS = {
    "server.address": "127.0.0.1",
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    "theme.light.primaryColor": "#0072B2",  # as in the charts
    "theme.dark.primaryColor": "#56B4E9",
}


def main(port: str, *flags: str) -> None:
    """Serve until the process is stopped."""
    app = App(Path(__file__).with_name("app.py"), lifespan=import_ahead)
    app.run(config=OPTIONS | {"server.port": int(port), "server.headless": "headless" in flags})


@contextlib.asynccontextmanager
async def import_ahead(app: App) -> AsyncIterator[None]:
    """Import what the first page needs while the browser is still loading Streamlit's own files."""

    def import_all() -> None:
        import pandas  # noqa: F401

        import digitjax.groups  # noqa: F401

    threading.Thread(target=import_all, daemon=True).start()
    yield


if __name__ == "__main__":
    main(*sys.argv[2:])  # the first is for app.py, which sees the same arguments
