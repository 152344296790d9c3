"""Clients that are slow, idle, gone or malicious do not keep the server from answering others."""

import contextlib
import select
import socket
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("fastapi")

import httpx2

from digitjax.recognition.recognizer import Recognizer
from digitjax.recognition.serving.app import make_app
from tests.recognition.serving.live_server import served

pytestmark = pytest.mark.slow  # each starts a server

HEAD = (
    b"POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
)


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """Serve in a thread, with at most half a second to receive a body."""
    stub = Recognizer(lambda images: np.zeros((len(images), 10), np.float32), "stub")
    with served(make_app(stub, upload_seconds=0.5)) as address:
        yield address


def health(address: tuple[str, int]) -> int:
    return httpx2.get(f"http://127.0.0.1:{address[1]}/health", timeout=60).status_code


def send(address: tuple[str, int], content: bytes) -> bytes:
    """Send raw bytes, and return the first line of the response."""
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(content)
        return connection.recv(4096).partition(b"\r\n")[0]


def test_a_body_that_trickles_in_is_refused(address: tuple[str, int]):
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(
            HEAD + b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
        )
        for _ in range(200):
            connection.send(b"x")
            if select.select([connection], [], [], 0.05)[0]:
                break
        assert connection.recv(4096).startswith(b"HTTP/1.1 408")
    assert health(address) == 200


def test_idle_connections_and_unfinished_headers_do_not_block_others(address: tuple[str, int]):
    with contextlib.ExitStack() as stack:
        for number in range(200):
            connection = stack.enter_context(socket.create_connection(address, timeout=60))
            if number % 2:
                connection.sendall(b"GET /health HTTP/1.1\r\nX-A: b")
        assert health(address) == 200


def test_a_client_that_disconnects_during_its_upload_is_forgotten(address: tuple[str, int]):
    for _ in range(20):
        with socket.create_connection(address, timeout=60) as connection:
            connection.sendall(HEAD + b"--b\r\n")
    assert health(address) == 200
    counted = httpx2.get(f"http://127.0.0.1:{address[1]}/metrics").text
    assert "digitjax_requests_open 1.0" in counted  # this request


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
def test_no_path_leads_to_a_file(address: tuple[str, int], target: bytes, code: bytes):
    line = send(address, b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert line.split()[1] == code


def test_an_invalid_content_length_is_refused(address: tuple[str, int]):
    for length in (b"x", b"-1", b"9" * 5000):
        line = send(address, HEAD.replace(b"1000", length))
        assert line.split()[1] in (b"400", b"413"), length
