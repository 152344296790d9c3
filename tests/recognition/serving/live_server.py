"""A server in a thread of the test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from digitjax.recognition.serving.server import bind, configure


@contextmanager
def served(app: FastAPI) -> Iterator[tuple[str, int]]:
    """Serve an application over a socket, and yield its host and port."""
    with bind("127.0.0.1", 0) as listening:
        server = uvicorn.Server(configure(app))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield listening.getsockname()
        finally:
            server.should_exit = True
            thread.join(20)
        assert not thread.is_alive()
