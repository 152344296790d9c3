"""The process that serves: its socket, its start, its end."""

import signal
import socket
import sys
from typing import NoReturn

import uvicorn
from fastapi import FastAPI

from digitjax.errors import InputError

GRACE = 30
"""Seconds for what was accepted to be answered when the server is to stop."""
BACKLOG = 1024
"""Connections that may wait to be accepted."""


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises:
        InputError: the port is in use, or is none, or the address is not of this machine.
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
    """Say what reads where."""
    host, port = listening.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    print(f"{name} reads at {address}/read; its page is {address}/docs", flush=True)


def serve(app: FastAPI, listening: socket.socket) -> NoReturn:
    """Serve until SIGINT or SIGTERM, finish what was accepted, and exit with code 0."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again once it has finished.
        signal.signal(number, lambda *_: sys.exit(0))
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        ws="none",
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=30,
    )
    uvicorn.Server(config).run([listening])
    sys.exit(0)
