"""Serving with several worker processes on one port, to use several CPU cores."""

import multiprocessing
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Semaphore
from pathlib import Path
from typing import NoReturn

from fastapi import FastAPI
from filelock import FileLock, Timeout

from digitjax.errors import InputError
from digitjax.recognition.serving import server
from digitjax.signals import catch_signals, starting_processes

_POLL_SECONDS = 0.2  # between two checks for signals
_METRICS_PREFIX = "digitjax-metrics-"
"""Beginning of the names of temporary folders, in which a server holds the lock `.lock` as long as it lives."""


def serve(make_app: Callable[[], FastAPI], name: str, host: str, port: int, count: int) -> NoReturn:
    """Serve until SIGINT or SIGTERM, answer accepted requests, and exit with code 0.

    A killed worker is replaced; the connections of its clients are closed at once. A worker that exits with an error
    ends all of them, and this process exits with its code.

    Args:
        make_app: creates the application in each worker. It must be picklable, since workers are spawned.
        name: name of the model.
        host: address to listen on.
        port: port to listen on, 0 for any free one.
        count: number of workers.

    Raises:
        InputError: the port is in use or invalid, or the address is not one of this machine.
    """
    server.bind(host, port).close()  # a shared socket would not notice another program
    context = multiprocessing.get_context("spawn")
    ready = context.Semaphore(0)
    with (
        _share(host, port) as reserved,
        _metrics_folder() as metrics_folder,
        catch_signals() as signals,
    ):
        host, port = reserved.getsockname()[:2]
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics_folder

        def start() -> SpawnProcess:
            worker = context.Process(target=_work, args=(make_app, host, port, ready))
            with starting_processes():
                worker.start()
            return worker

        workers = [start() for _ in range(count)]
        starting, code = count, 0
        while not signals and not code:
            connection.wait([worker.sentinel for worker in workers], _POLL_SECONDS)
            while starting and ready.acquire(block=False):
                starting -= 1
                if not starting:
                    server.announce(name, reserved)
            for i, ended in enumerate([worker.exitcode for worker in workers]):
                if ended is not None and ended < 0:
                    workers[i] = start()
                elif ended is not None:
                    code = ended or 1
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()
    sys.exit(code)


@contextmanager
def _metrics_folder() -> Iterator[str]:
    """Yield a temporary folder for the metrics of the workers, and delete those that killed servers left over."""
    for lock in Path(tempfile.gettempdir()).glob(f"{_METRICS_PREFIX}*/.lock"):
        with suppress(Timeout, OSError), FileLock(lock, blocking=False):
            shutil.rmtree(lock.parent, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_METRICS_PREFIX) as folder, FileLock(Path(folder) / ".lock"):
        yield folder


def _work(make_app: Callable[[], FastAPI], host: str, port: int, ready: Semaphore) -> NoReturn:
    """Serve in a worker process."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        app = make_app()
    except InputError as error:
        print(f"digitjax: error: {error}", file=sys.stderr)
        sys.exit(2)
    with _share(host, port) as bound:
        server.serve(app, bound, ready.release)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    connection.wait([parent.sentinel])
    signal.raise_signal(signal.SIGTERM)


def _share(host: str, port: int) -> socket.socket:
    """Return a bound socket whose port is shared: the kernel distributes connections among those that listen."""
    shared = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    shared.bind((host, port))
    return shared
