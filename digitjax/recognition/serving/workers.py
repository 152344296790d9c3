"""Several processes that serve on one port, since Python does one thing at a time in each."""

import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Semaphore
from typing import NoReturn

from fastapi import FastAPI

from digitjax.errors import InputError
from digitjax.recognition.serving import process
from digitjax.signals import catch_signals

_SECONDS = 0.2  # between two looks at whether to stop


def serve(make: Callable[[], FastAPI], name: str, host: str, port: int, count: int) -> NoReturn:
    """Serve until SIGINT or SIGTERM, finish what was accepted, and exit with code 0.

    A worker that is killed is replaced; of what it had accepted each client is told at once, by the end of its
    connection. One that fails ends all, and its exit code is that of this process.

    Args:
        make: makes the application in each worker; it must be importable, since they start afresh.
        name: of what reads.
        host: where to listen.
        port: where to listen; 0 takes a free one.
        count: how many workers.

    Raises:
        InputError: the port is in use, or is none, or the address is not of this machine.
    """
    process.bind(host, port).close()  # a shared socket would not tell that somebody else has the port
    context = multiprocessing.get_context("spawn")
    ready = context.Semaphore(0)
    with (
        _share(host, port) as reserved,
        tempfile.TemporaryDirectory(prefix="digitjax-") as counted,
        catch_signals() as signals,
    ):
        host, port = reserved.getsockname()[:2]
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counted  # where each finds what the others have counted

        def start() -> SpawnProcess:
            worker = context.Process(target=_work, args=(make, host, port, ready))
            worker.start()
            return worker

        workers = [start() for _ in range(count)]
        starting, code = count, 0
        while not signals and not code:
            connection.wait([worker.sentinel for worker in workers], _SECONDS)
            while starting and ready.acquire(block=False):
                starting -= 1
                if not starting:
                    process.announce(name, reserved)
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


def _work(make: Callable[[], FastAPI], host: str, port: int, ready: Semaphore) -> NoReturn:
    """Be a worker."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # in silence, as long as nothing is accepted
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        app = make()
    except InputError as error:
        print(f"digitjax: error: {error}", file=sys.stderr)
        sys.exit(2)
    with _share(host, port) as listening:
        listening.listen(process.BACKLOG)
        ready.release()
        process.serve(app, listening)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    connection.wait([parent.sentinel])
    signal.raise_signal(signal.SIGTERM)


def _share(host: str, port: int) -> socket.socket:
    """Return a socket of a port that others may have too: the kernel deals connections out among those that listen."""
    shared = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    shared.bind((host, port))
    return shared
