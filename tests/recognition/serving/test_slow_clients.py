"""Clients that are slow, idle, gone or malicious: the server goes on answering the others."""

import contextlib
import socket
import time
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("fastapi")

import httpx2

from digitjax.recognition.recognizer import Recognizer
from digitjax.recognition.serving.app import make_app
from tests.recognition.serving.serving import served

HEAD = (
    b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
)


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """Serve in a thread, where a body must have come in within half a second."""
    stub = Recognizer(lambda images: np.zeros((len(images), 10), np.float32), "stub")
    with served(make_app(stub, upload_seconds=0.5)) as address:
        yield address


def health(address: tuple[str, int]) -> int:
    return httpx2.get(f"http://127.0.0.1:{address[1]}/health", timeout=5).status_code


def send(address: tuple[str, int], content: bytes) -> bytes:
    """Send bytes as they are, and return the first line of the answer."""
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(content)
        return connection.recv(4096).partition(b"\r\n")[0]


def test_a_body_that_trickles_in_is_refused_in_time(address: tuple[str, int]):
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(
            HEAD + b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
        )
        start = time.monotonic()
        connection.setblocking(False)
        answer = b""
        while not answer and time.monotonic() - start < 8:
            with contextlib.suppress(BlockingIOError):
                answer = connection.recv(4096)
            with contextlib.suppress(OSError):
                connection.send(b"x")
            time.sleep(0.05)
        assert answer.startswith(b"HTTP/1.1 408")
    assert health(address) == 200


def test_idle_connections_and_headers_without_end_keep_nobody_out(address: tuple[str, int]):
    with contextlib.ExitStack() as stack:
        for number in range(200):
            connection = stack.enter_context(socket.create_connection(address, timeout=10))
            if number % 2:
                connection.sendall(b"GET /health HTTP/1.1\r\nX-A: b")
        assert health(address) == 200


def test_a_client_that_leaves_in_the_middle_is_forgotten(address: tuple[str, int]):
    for _ in range(20):
        with socket.create_connection(address, timeout=10) as connection:
            connection.sendall(HEAD + b"--b\r\n")
    assert health(address) == 200
    counted = httpx2.get(f"http://127.0.0.1:{address[1]}/metrics").text
    assert "digitjax_requests_open 1.0" in counted  # this one


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (b"/v2/models/../../etc/passwd", b"404"),
        (b"/%2e%2e/%2e%2e/etc/passwd", b"404"),
        (b"/v2/models/..%2f..%2fetc%2fpasswd", b"404"),
        (b"/v2/models/%00", b"404"),
        (b"/v2/models/%ff", b"404"),
        (b"file:///etc/passwd", b"400"),
        (b"\xff\xfe", b"400"),
    ],
)
def test_no_address_leads_to_a_file(address: tuple[str, int], target: bytes, code: bytes):
    line = send(address, b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert line.split()[1] == code


def test_a_length_that_is_none_is_refused(address: tuple[str, int]):
    for length in (b"x", b"-1", b"9" * 5000):
        line = send(address, HEAD.replace(b"1000", length))
        assert line.split()[1] in (b"400", b"413"), length
