"""Hostile clients of a server: others are answered at once, memory is bounded, and the log has no traceback."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest

pytest.importorskip("fastapi")

from tests.processes import start_server

MAX_MEMORY = 900_000_000
"""Maximum memory of the server, in bytes."""
MAX_SECONDS = 1.0
"""Maximum time of `/health` meanwhile, in seconds, on an idle machine; asked of the long test alone."""

Address = tuple[str, int]
POST = b"POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"


def upload(length: int) -> bytes:
    """Return the headers of an upload."""
    return POST + b"Content-Length: %d\r\n\r\n" % length


def header_stream(connection: socket.socket, until: float) -> None:
    """Send a header without end."""
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ")
    while time.monotonic() < until:
        connection.sendall(b"a" * 1_000_000)


def held_body(connection: socket.socket, until: float) -> None:
    """Send all but the end of a large body, and wait."""
    connection.sendall(upload(59_000_000) + b"x" * 58_000_000)
    time.sleep(max(0, until - time.monotonic()))


def slow_body(connection: socket.socket, until: float) -> None:
    """Send a body byte by byte."""
    connection.sendall(
        upload(1000) + b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    )
    while time.monotonic() < until:
        connection.sendall(b"x")
        time.sleep(0.05)


def rebinding(connection: socket.socket, until: float) -> None:
    """Ask by a name that is not the server's, as a page whose name was bound to its address does."""
    connection.sendall(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert connection.recv(4096).startswith(b"HTTP/1.1 421")


def many_parts(connection: socket.socket, until: float) -> None:
    """Send a form of 10,000 parts."""
    part = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nx\r\n'
    body = part * 10_000 + b"--b--\r\n"
    connection.sendall(upload(len(body)) + body)
    assert connection.recv(4096).startswith(b"HTTP/1.1 4")


ATTACKS = (header_stream, held_body, slow_body, rebinding, many_parts)


def repeat(attack: Callable[[socket.socket, float], None], address: Address, until: float) -> None:
    """Attack over one connection after the other."""
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=10) as connection:
            attack(connection, until)


def health_seconds(address: Address) -> float:
    """Return how long a new connection waits for the answer of `/health`."""
    start = time.monotonic()
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    return time.monotonic() - start


@contextlib.contextmanager
def attacked(connections: int, seconds: float) -> Iterator[dict[str, list[float]]]:
    """Start a server, attack it in every way, and yield the times of `/health` during each attack."""
    times: dict[str, list[float]] = {}
    with start_server("-m", "digitjax", "serve", "--port", "0") as (process, url):
        address, server = ("127.0.0.1", int(url.rpartition(":")[2])), psutil.Process(process.pid)
        with ThreadPoolExecutor(connections) as pool:
            for attack in ATTACKS:
                until, own = time.monotonic() + seconds, times.setdefault(attack.__name__, [])
                clients = [pool.submit(repeat, attack, address, until) for _ in range(connections)]
                while time.monotonic() < until:
                    own.append(health_seconds(address))
                    assert server.memory_info().rss < MAX_MEMORY, attack.__name__
                    time.sleep(0.02)
                for client in clients:
                    client.result()
        yield times
        process.terminate()
        _, log = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "Traceback" not in log
        assert len(log.splitlines()) < 10, log  # not a line for each refused request


@pytest.mark.slow
def test_hostile_clients_do_not_keep_others_from_their_answers():
    with attacked(connections=4, seconds=1) as times:
        for attack, seconds in times.items():
            assert np.median(seconds) < 10 * MAX_SECONDS, attack


@pytest.mark.long
def test_many_hostile_clients_do_not_keep_others_from_their_answers():
    with attacked(connections=32, seconds=20) as times:
        for attack, seconds in times.items():
            print(f"{attack}: {len(seconds)} answers, p99 {np.quantile(seconds, 0.99):.3f} s")
            assert np.quantile(seconds, 0.99) < MAX_SECONDS, attack
