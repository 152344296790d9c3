"""Headers are bounded in size and time; half-closed connections are answered; a client that leaves makes no noise."""

import contextlib
import json
import select
import socket
from collections.abc import Iterator

import numpy as np
import psutil
import pytest

pytest.importorskip("fastapi")

import httpx2

from digitjax.recognition.recognizer import Recognizer
from digitjax.recognition.serving.app import make_app
from digitjax.recognition.serving.protocol import MAX_HEADER_BYTES, MAX_PIPELINED, BoundedProtocol
from tests.processes import wait_until
from tests.recognition.serving.live_server import served

HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
UPLOAD = (
    b"POST /read HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n--b\r\n"
)


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    """Serve in a thread."""
    stub = Recognizer(lambda images: np.zeros((len(images), 10), np.float32), "stub")
    with served(make_app(stub, max_bytes=100_000, log=True)) as address:
        yield address


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch, address: tuple[str, int]) -> tuple[str, int]:
    """Serve in a thread, with at most two seconds to receive headers."""
    monkeypatch.setattr(BoundedProtocol, "header_seconds", 2.0)
    return address


@contextlib.contextmanager
def connected(address: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(address, timeout=60) as connection:
        yield connection


def receive(connection: socket.socket) -> bytes:
    """Return all that is received until the server closes the connection."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def refusal(answer: bytes) -> tuple[int, str]:
    """Return the status and the reason of a response."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/json" in head
    return int(head.split()[1]), json.loads(body)["error"]


@pytest.mark.parametrize(
    "start", [HEALTH + b"X: ", b"GET /", HEALTH, HEALTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: "]
)
def test_headers_without_end_are_refused(address: tuple[str, int], start: bytes):
    line = b"Y: z\r\n" if start == HEALTH else b"a"
    before = psutil.Process().memory_info().rss
    with connected(address) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(start)
        for _ in range(200):
            connection.sendall(line * (1_000_000 // len(line)))
        pytest.fail("the server took 200 MB of headers")
    assert psutil.Process().memory_info().rss - before < 50_000_000


def test_headers_that_are_too_large_are_refused_with_a_reason(address: tuple[str, int]):
    for size, status in ((MAX_HEADER_BYTES - 1000, 200), (MAX_HEADER_BYTES + 10_000, 431)):
        with connected(address) as connection:
            connection.sendall(HEALTH + b"Connection: close\r\nX: " + b"a" * size + b"\r\n\r\n")
            answer = receive(connection)
        assert int(answer.split()[1]) == status
    assert refusal(answer) == (431, "the headers are larger than 32,768 bytes: send fewer")


def test_headers_that_do_not_end_are_given_up(hasty: tuple[str, int]):
    with contextlib.ExitStack() as stack:
        silent, empty_line, half, second = [stack.enter_context(connected(hasty)) for _ in range(4)]
        empty_line.sendall(b"\r\n")
        for byte in HEALTH:
            half.sendall(bytes([byte]))
        second.sendall(HEALTH + b"\r\n" + HEALTH)
        assert receive(silent) == receive(empty_line) == b""  # closed
        reason = "the headers were not received within 2 seconds: send them faster"
        assert refusal(receive(half)) == (408, reason)
        answers = receive(second)
        assert answers.startswith(b"HTTP/1.1 200")
        assert refusal(answers[answers.rindex(b"HTTP/1.1") :]) == (408, reason)


def test_the_time_limit_is_of_the_headers_alone(hasty: tuple[str, int]):
    with connected(hasty) as connection:
        for _ in range(3):
            connection.sendall(HEALTH + b"\r\n")
            answer = b""
            while not answer.endswith(b'{"status":"ok"}'):
                answer += connection.recv(65_536)
            assert not select.select([connection], [], [], 1)[0]  # still open


def test_a_refused_body_is_received_no_longer_than_headers(hasty: tuple[str, int]):
    with connected(hasty) as connection:
        connection.sendall(UPLOAD.replace(b"1000", b"1000000"))
        answer = receive(connection)  # returns: the connection is closed, although the body has not ended
        assert answer.startswith(b"HTTP/1.1 413")
        assert answer.count(b"HTTP/1.1") == 1


def test_requests_are_answered_in_turn_and_few_may_wait(address: tuple[str, int]):
    with connected(address) as connection:
        connection.sendall((HEALTH + b"\r\n") * (MAX_PIPELINED - 1) + HEALTH + b"Connection: close\r\n\r\n")
        assert receive(connection).count(b"HTTP/1.1 200") == MAX_PIPELINED
    with connected(address) as connection:
        connection.sendall((HEALTH + b"\r\n") * 10_000)
        assert receive(connection).count(b"HTTP/1.1 200") <= MAX_PIPELINED


def test_a_half_closed_client_gets_its_answers(address: tuple[str, int]):
    with connected(address) as connection:
        connection.sendall((HEALTH + b"\r\n") * 3)
        connection.shutdown(socket.SHUT_WR)
        assert receive(connection).count(b'{"status":"ok"}') == 3


def test_a_client_that_leaves_in_the_middle_of_a_body_is_one_line_of_the_log(
    address: tuple[str, int], capfd: pytest.CaptureFixture[str]
):
    infer = UPLOAD.replace(b"/read", b"/v2/models/stub/infer")
    for upload in (UPLOAD, infer):
        with connected(address) as connection:
            connection.sendall(upload)
    wait_until(
        lambda: "digitjax_requests_open 1.0" in httpx2.get(f"http://127.0.0.1:{address[1]}/metrics").text
    )
    logged = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    statuses = [(line["path"], line["status"]) for line in logged if line["method"] == "POST"]
    assert sorted(statuses) == [("/read", 499), ("/v2/models/stub/infer", 499)]
