"""Serving in one process: its socket, start and shutdown."""

import logging
import signal
import socket
import sys
from collections.abc import Callable
from typing import NoReturn

import uvicorn
from fastapi import FastAPI

from digitjax.errors import InputError
from digitjax.recognition.serving.protocol import BoundedProtocol

SHUTDOWN_SECONDS = 30
"""Maximum time to answer accepted requests at shutdown, in seconds."""
BACKLOG = 1024
"""Maximum number of connections that wait to be accepted."""


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Args:
        host: address to listen on.
        port: port to listen on, 0 for any free one.

    Raises:
        InputError: the port is in use or invalid, or the address is not one of this machine.
    """
    if port not in range(65536):
        raise InputError(f"port is {port}: it must be 0 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]  # Python repeats the address there
        raise InputError(f"{host}:{port}: {reason}: choose another --host or --port") from None


def announce(name: str, listening: socket.socket) -> None:
    """Print the address of the server to standard output.

    Args:
        name: name of the model.
        listening: listening socket.
    """
    host, port = listening.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    print(f"serving {name} at {address}/read (documentation: {address}/docs)", flush=True)


def configure(app: FastAPI) -> uvicorn.Config:
    """Return the configuration of the web server for an application."""
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # or each malformed form would be a line
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        backlog=BACKLOG,
        log_level="warning",
        access_log=False,
        ws="none",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        timeout_keep_alive=30,
    )


class _Server(uvicorn.Server):
    """Tells when it answers requests."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], object]):
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


def serve(app: FastAPI, bound: socket.socket, on_ready: Callable[[], object]) -> NoReturn:
    """Serve until SIGINT or SIGTERM, answer accepted requests, and exit with code 0.

    Args:
        app: the application.
        bound: socket, which need not listen yet.
        on_ready: called when the application has started and requests are answered.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again after its shutdown.
        signal.signal(number, lambda *_: sys.exit(0))
    _Server(configure(app), on_ready).run([bound])
    sys.exit(0)
