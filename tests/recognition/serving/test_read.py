"""`POST /read`: the same results as the command line, concurrency, limits, errors and shutdown."""

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("fastapi")

import httpx2
import numpy as np
from fastapi.openapi.models import OpenAPI
from fastapi.testclient import TestClient
from starlette import formparsers

from digitjax import cli
from digitjax.errors import InputError
from digitjax.imaging.source import Source
from digitjax.recognition.recognizer import Reading, Recognizer, load
from digitjax.recognition.serving.app import make_app
from digitjax.recognition.serving.readers import MAX_CONCURRENT_READS
from digitjax.recognition.serving.schema import FileResult
from tests.processes import start_server, wait_until
from tests.recognition.drawing import digit_picture, encode

PICTURE = encode(Image.fromarray(digit_picture(7)))


class Stub(Recognizer):
    """Answers with the number of bytes of a file, and records how many files are read at once."""

    def __init__(self, wait: Callable[[], object] = lambda: None):
        super().__init__(lambda images: np.zeros((len(images), 10), np.float32), "stub")
        self.wait = wait
        self.active, self.max_active = 0, 0
        self.lock = threading.Lock()

    def with_classifier(self, classify: object) -> Recognizer:
        return self

    def read(self, source: Source) -> Reading:
        with self.lock:
            self.active += 1
            self.max_active = max(self.max_active, self.active)
        self.wait()
        content = source.read()
        with self.lock:
            self.active -= 1
        raise InputError(f"{len(content)} bytes")


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(make_app(Stub(), max_bytes=10_000, max_files=3), base_url="http://localhost") as client:
        yield client


def sent(*contents: bytes, field: str = "files") -> list[tuple[str, tuple[str, bytes]]]:
    return [(field, (f"{n}.png", content)) for n, content in enumerate(contents)]


def refused(response: httpx2.Response, code: int) -> str:
    assert response.status_code == code, response.text
    assert response.headers["content-type"] == "application/json"
    assert list(response.json()) == ["error"]
    return response.json()["error"]


def probabilities(results: list[dict[str, Any]]) -> list[list[float]]:
    return [digit["probabilities"] for result in results for digit in result["digits"]]


def strip(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result without the numbers that depend on floating-point rounding."""
    kept = ("digit", "box", "line", "rejected")
    return result | {"digits": [{name: digit[name] for name in kept} for digit in result["digits"]]}


def test_results_equal_those_of_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    contents = {
        "two.png": encode(Image.fromarray(digit_picture(3, count=2))),
        "cut.png": PICTURE[:60],
        "note.txt": b"no picture",
        "seven.jpg": encode(Image.fromarray(digit_picture(7)), "JPEG"),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SystemExit), contextlib.chdir(tmp_path):
        cli.main(["read", *contents, "--json"])
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    with TestClient(make_app(load()), base_url="http://localhost") as client:
        response = client.post("/read", files=[("files", item) for item in contents.items()])
    assert response.status_code == 200
    answers = response.json()["results"]
    assert [strip(result) for result in answers] == [strip(result) for result in printed]
    for ours, theirs in zip(probabilities(answers), probabilities(printed), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)  # from batches of other sizes
    assert [list(result) for result in response.json()["results"]] == [list(result) for result in printed]
    assert [bool(result["error"]) for result in printed] == [False, True, True, False]
    assert (printed[0]["text"], printed[3]["text"]) == ("33", "7")


def test_results_are_in_the_order_of_the_files_with_their_names(client: TestClient):
    names = ["../../etc/passwd", '<b>"é\\\n', "数字.png"]
    files = [("files", (name, b"x" * n)) for n, name in enumerate(names)]
    results = client.post("/read", files=files).json()["results"]
    assert [result["error"] for result in results] == ["0 bytes", "1 bytes", "2 bytes"]
    assert [results[0]["file"], results[2]["file"]] == [names[0], names[2]]
    assert results[1]["file"].startswith("<b>")


@pytest.mark.parametrize(("charset", "name"), [("utf-7", b"+2AA-"), ("raw_unicode_escape", rb"\ud800")])
def test_a_lone_surrogate_in_a_name_becomes_a_question_mark(client: TestClient, charset: str, name: bytes):
    form = b'--b\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n\r\nx\r\n--b--\r\n' % name
    content_type = f"multipart/form-data; charset={charset}; boundary=b"
    [result] = client.post("/read", content=form, headers={"content-type": content_type}).json()["results"]
    assert (result["file"], result["error"]) == ("?", "1 bytes")


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        ({}, 415, "send multipart/form-data"),
        ({"json": {"files": []}}, 415, "send multipart/form-data"),
        ({"data": {"files": "7"}}, 415, "send multipart/form-data"),
        ({"files": sent(PICTURE, field="file")}, 422, "in the form field `files`"),
        ({"files": sent(PICTURE, field="file"), "data": {"files": "7"}}, 422, "in the form field `files`"),
        ({"files": sent(*[b"x"] * 4)}, 400, "Maximum number of files is 3"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "Missing boundary"),
        ({"files": sent(b"x" * 10_000)}, 413, "the body is larger than 10,000 bytes"),
    ],
)
def test_an_invalid_request_is_refused_with_a_reason(
    client: TestClient, body: dict[str, Any], code: int, reason: str
):
    assert reason in refused(client.post("/read", **body), code)


def test_unknown_paths_and_methods_are_refused_in_the_same_format(client: TestClient):
    refused(client.get("/nowhere"), 404)
    refused(client.get("/read"), 405)


@pytest.mark.parametrize(("declared", "chunks_received"), [(None, 6), (100, 6), (1_000_000, 0)])
def test_a_body_is_refused_as_soon_as_it_exceeds_the_limit_and_its_files_are_closed(
    declared: int | None, chunks_received: int, monkeypatch: pytest.MonkeyPatch
):
    """The limit is 5 chunks, so the sixth is the last one received, whatever length was declared."""
    files = []

    class Recorded(formparsers.SpooledTemporaryFile):
        def __init__(self, *args: Any, **options: Any):
            super().__init__(*args, **options)
            files.append(self)

    monkeypatch.setattr(formparsers, "SpooledTemporaryFile", Recorded)
    monkeypatch.setattr(formparsers.MultiPartParser, "spool_max_size", 1000)
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    chunks = iter([head.ljust(2000, b"x"), *[b"x" * 2000] * 100])
    received, answers = [], []

    async def receive() -> dict[str, Any]:
        received.append(next(chunks))
        return {"type": "http.request", "body": received[-1], "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    if declared is not None:
        headers.append((b"content-length", str(declared).encode()))
    scope = {"type": "http", "method": "POST", "path": "/read", "query_string": b"", "headers": headers}
    asyncio.run(make_app(Stub(), max_bytes=10_000)(scope, receive, send))
    assert answers[0]["status"] == 413
    assert "larger than 10,000 bytes" in json.loads(answers[1]["body"])["error"]
    assert len(received) == chunks_received
    assert len(files) == bool(chunks_received)
    assert all(file.closed for file in files)


def test_concurrent_requests_get_their_own_results_and_only_a_few_pictures_are_read_at_once():
    release = threading.Event()
    stub = Stub(lambda: release.wait(20))
    app = make_app(stub)
    with TestClient(app, base_url="http://localhost") as client, ThreadPoolExecutor(8) as pool:
        sizes = [range(first, first + 3) for first in range(0, 80, 10)]
        posts = [
            pool.submit(client.post, "/read", files=sent(*(b"x" * size for size in request)))
            for request in sizes
        ]
        try:
            waiting = len(posts) - MAX_CONCURRENT_READS
            wait_until(lambda: stub.active == MAX_CONCURRENT_READS)
            wait_until(lambda: app.state.readers.queued == waiting)
        finally:
            release.set()
        for post, request in zip(posts, sizes, strict=True):
            assert [r["error"] for r in post.result().json()["results"]] == [f"{n} bytes" for n in request]
    assert stub.max_active == MAX_CONCURRENT_READS


def test_health_is_answered_while_a_picture_is_read():
    reading, release = threading.Event(), threading.Event()
    stub = Stub(lambda: (reading.set(), release.wait(20)))
    with TestClient(make_app(stub), base_url="http://localhost") as client, ThreadPoolExecutor(1) as pool:
        post = pool.submit(client.post, "/read", files=sent(b"x"))
        try:
            assert reading.wait(20)
            assert client.get("/health").json() == {"status": "ok"}
            assert not post.done()
        finally:
            release.set()
        assert post.result().status_code == 200


def test_the_index_names_the_model_and_existing_paths(client: TestClient):
    index = client.get("/").json()
    assert index["model"] == "stub"
    assert client.get(index["docs"]).status_code == client.get(index["openapi"]).status_code == 200
    assert index["read"] in client.get(index["openapi"]).json()["paths"]


def test_the_openapi_document_is_valid_and_so_is_its_example(client: TestClient):
    document = client.get("/openapi.json").json()
    OpenAPI.model_validate(document)
    operation = document["paths"]["/read"]["post"]
    assert list(operation["requestBody"]["content"]) == ["multipart/form-data"]
    schemas = {code: r["content"]["application/json"]["schema"] for code, r in operation["responses"].items()}
    assert schemas.pop("200") == {"$ref": "#/components/schemas/Results"}
    assert set(schemas) == {"400", "401", "408", "413", "415", "421", "422", "503"}
    assert all(schema == {"$ref": "#/components/schemas/Error"} for schema in schemas.values())
    [example] = document["components"]["schemas"]["FileResult"]["examples"]
    example["error"] = None  # FastAPI leaves nulls out of the document
    assert FileResult.model_validate(example).model_dump() == example


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--port", "TAKEN"], "Address already in use: choose another --host or --port"),
        (["--port", "70000"], "port is 70000: it must be 0 to 65535"),
        (["--max-mb", "0"], "--max-mb is 0: it must be 1 or more"),
    ],
)
def test_an_invalid_address_or_limit_is_one_line_and_code_2(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(SystemExit) as stop:
            cli.main(["serve", *(port if word == "TAKEN" else word for word in arguments)])
    assert stop.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert reason in line


def test_the_command_names_its_missing_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit) as stop:
        cli.main(["serve"])
    assert stop.value.code == 2
    assert "pip install 'digitjax[serve]'" in capsys.readouterr().err


def test_the_command_serves_until_it_is_stopped(tmp_path: Path):
    command = ("-m", "digitjax", "serve", "--port", "0", "--runs", str(tmp_path))
    with start_server(*command) as (process, address):
        assert address.startswith("http://127.0.0.1:")
        [result] = httpx2.post(f"{address}/read", files=sent(PICTURE), timeout=60).json()["results"]
        assert (result["file"], result["text"]) == ("0.png", "7")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")


SLOW_SERVER = """
import numpy as np
from digitjax.recognition import recognizer
from digitjax.recognition.serving import app, server
from digitjax.imaging.decode import decode

class Slow(recognizer.Recognizer):
    def read(self, source):
        print("reading", flush=True)
        input()
        return recognizer.Reading((), decode(np.zeros((1, 1), np.uint8)), np.zeros((1, 1), np.float32))

    def with_classifier(self, classify):
        return self

slow = Slow(lambda images: np.zeros((len(images), 10), np.float32), "slow")
listening = server.bind("127.0.0.1", 0)
server.serve(app.make_app(slow), listening, lambda: server.announce("slow", listening))
"""


def test_the_address_is_announced_after_the_warm_up():
    script = SLOW_SERVER.replace("lambda images:", "lambda images: print('warm-up', flush=True) or")
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline().split()[0] for _ in range(4)]
        process.kill()
    assert lines == ["warm-up", "warm-up", "warm-up", "serving"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_accepted_requests_are_answered_before_the_server_stops(number: signal.Signals):
    def is_refused() -> bool:
        try:
            httpx2.get(f"{address}/health")
        except httpx2.ConnectError:
            return True
        return False

    with ThreadPoolExecutor(2) as pool, start_server("-c", SLOW_SERVER) as (process, address):
        post = pool.submit(httpx2.post, f"{address}/read", files=sent(b"xyz"), timeout=60)
        assert pool.submit(process.stdout.readline).result(60) == "reading\n"
        process.send_signal(number)
        wait_until(is_refused)
        process.stdin.write("\n")
        process.stdin.flush()
        assert post.result().json()["results"][0]["error"] is None
        assert process.wait(20) == 0
