"""Upload time, metrics and the request log."""

import asyncio
import itertools
import json
import re

import numpy as np
import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from digitjax.recognition.recognizer import Recognizer
from digitjax.recognition.serving.app import make_app


def stub() -> Recognizer:
    return Recognizer(lambda images: np.zeros((len(images), 10), np.float32), "stub")


FILES = [("files", ("a.png", b"no picture"))]


def ask(app, receive, **scope):
    """Call an application (ASGI), and return the messages that it sends."""
    sent = []

    async def send(message):
        sent.append(message)

    base = {"type": "http", "method": "POST", "path": "/read", "query_string": b"", "headers": []}
    asyncio.run(asyncio.wait_for(app(base | scope, receive, send), 20))
    return sent


def test_a_body_that_trickles_in_is_refused():
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    chunks = itertools.chain([head], itertools.repeat(b"x"))

    async def receive():
        await asyncio.sleep(0)
        return {"type": "http.request", "body": next(chunks), "more_body": True}

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    start, body = ask(make_app(stub(), upload_seconds=0.1), receive, headers=headers)
    assert start["status"] == 408
    assert "within 0.1 seconds" in json.loads(body["body"])["error"]


def test_bodies_of_all_connections_together_are_limited():
    """Two bodies of the maximum size are held; a third is refused until one has gone, early if it declares its size."""
    app = make_app(stub(), max_bytes=1000)
    held, last = asyncio.Semaphore(0), asyncio.Event()

    async def upload(size: int, declared: bool = False, wait: bool = False) -> tuple[int, dict]:
        """Return status and headers of the response to a body that is no JSON."""
        parts = iter([b"x" * size, b""])
        sent = []

        async def receive():
            part = next(parts)
            if wait and not part:
                held.release()
                await last.wait()
            return {"type": "http.request", "body": part, "more_body": bool(part)}

        async def send(message):
            sent.append(message)

        headers = [(b"content-length", b"%d" % size)] if declared else []
        path = "/v2/models/stub/infer"
        scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
        await app(scope, receive, send)
        return sent[0]["status"], dict(sent[0]["headers"])

    async def run() -> None:
        first = [asyncio.create_task(upload(990, wait=True)) for _ in range(2)]
        for _ in first:
            await held.acquire()
        for declared in (False, True):
            status, headers = await upload(100, declared)
            assert (status, headers[b"retry-after"]) == (503, b"1")
        assert (await upload(10))[0] == 400
        last.set()
        assert [status for status, _ in await asyncio.gather(*first)] == [400, 400]
        assert (await upload(100))[0] == 400

    asyncio.run(asyncio.wait_for(run(), 60))


def test_each_request_is_counted_and_logged(capsys: pytest.CaptureFixture[str]):
    with TestClient(make_app(stub(), log=True), base_url="http://localhost") as client:
        answer = client.post("/read", files=FILES, headers={"X-Request-ID": "abc"})
        client.get("/no/such/page")
        counted = client.get("/metrics").text
    assert answer.headers["X-Request-ID"] == "abc"
    first, second, _ = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["method"], first["path"], first["status"], first["id"]) == ("POST", "/read", 200, "abc")
    assert first["bytes_in"] > 0
    assert first["bytes_out"] == len(answer.content)
    assert (second["status"], len(second["id"])) == (404, 32)
    assert 'digitjax_requests_total{route="/read",status="200"} 1.0' in counted
    assert 'digitjax_requests_total{route="none",status="404"} 1.0' in counted
    assert re.search(r'digitjax_request_seconds_count\{route="/read"\} 1\.0', counted)


@pytest.mark.parametrize("id", ["a\nb", "x" * 500, "é"])
def test_a_request_id_cannot_forge_lines_of_the_log(id: str, capsys: pytest.CaptureFixture[str]):
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"x-request-id", id.encode())]
    start, _ = ask(make_app(stub(), log=True), receive, method="GET", path="/health", headers=headers)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["id"] == dict(start["headers"])[b"x-request-id"].decode()
    assert len(json.loads(line)["id"]) <= 64
