"""Throughput, latency and memory growth of the server under load.

    python -m tests.recognition.serving.benchmark [SECONDS [WORKERS]]

A client process keeps 32 connections busy with 28x28 images of a digit, and compares each response with the response to
the same image sent alone. Most test images of MNIST, which must have been prepared, are read at once; half of
scikit-learn's digits, enlarged from 8x8, are searched. By default it asks one worker, for 60 seconds each, and then
measures memory over 100,000 requests.
"""

import asyncio
import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import psutil
from PIL import Image
from sklearn.datasets import load_digits

from digitjax.config import Data
from digitjax.data.pipeline import load_prepared

CONNECTIONS = 32
REQUESTS = 100_000
WARM_UP = 20_000  # requests, during which the C library's allocator reaches its size
_BOUNDARY = b"a-boundary-that-no-image-contains"


def main(seconds: int = 60, workers: int = 1) -> None:
    """Measure and print the results."""
    command = [sys.executable, "-m", "digitjax", "serve", "--port", "0", "--workers", str(workers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = int(re.search(r":(\d+)/read ", server.stdout.readline())[1])
            digits = enlarged_digits()
            for name, bodies in {
                "/v2/models/handwriting/infer": map(infer, digits),
                "/read, MNIST": map(read, load_prepared(Data(name="mnist")).test.images[: len(digits)]),
                "/read, scikit-learn's digits": map(read, digits),
            }.items():
                load = Load(port, list(bodies))
                load.run(lambda load: time.monotonic() < load.start + seconds)
                print(f"{name}: {load.describe()}", flush=True)
            requests = [infer(image) for image in digits]
            Load(port, requests).run(lambda load: len(load.seconds) < WARM_UP * workers)
            load, before = Load(port, requests), memory(server.pid)
            load.run(lambda load: len(load.seconds) < REQUESTS)
            after = memory(server.pid)
            growth = f"{before / 1e6:.0f} to {after / 1e6:.0f} MB, {after / before - 1:+.1%}"
            print(f"memory over {REQUESTS:,} requests: {growth}; {load.describe()}")
        finally:
            server.terminate()


def memory(pid: int) -> int:
    """Return the resident memory of a process and its children, in bytes."""
    process = psutil.Process(pid)
    return sum(p.memory_info().rss for p in (process, *process.children(recursive=True)))


def enlarged_digits() -> np.ndarray:
    """Return 256 of scikit-learn's digits, uint8 (256, 28, 28)."""
    enlarged = np.kron(load_digits().images[:256].astype(np.uint8) * 15, np.ones((3, 3), np.uint8))
    return np.pad(enlarged, ((0, 0), (2, 2), (2, 2)))


class Load:
    """Concurrent connections that each send one request after another."""

    def __init__(self, port: int, requests: Sequence[bytes]):
        self.port = port
        self.requests = requests
        self.expected: list[bytes] = []
        self.seconds: list[float] = []
        self.mismatches = 0

    def run(self, proceed: Callable[["Load"], bool]) -> None:
        """Send each image alone, then all of them over many connections while `proceed` returns true."""
        asyncio.run(self._run(proceed))

    async def _run(self, proceed: Callable[["Load"], bool]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.expected = [await ask(reader, writer, request) for request in self.requests]
        writer.close()
        self.start = time.monotonic()
        await asyncio.gather(*(self._connection(number, proceed) for number in range(CONNECTIONS)))
        self.elapsed = time.monotonic() - self.start

    async def _connection(self, number: int, proceed: Callable[["Load"], bool]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while proceed(self):
            number = (number + 7) % len(self.requests)
            start = time.perf_counter()
            answer = await ask(reader, writer, self.requests[number])
            self.seconds.append(time.perf_counter() - start)
            self.mismatches += answer != self.expected[number]
        writer.close()

    def describe(self) -> str:
        """Return the results as one line."""
        median, high = np.percentile(1e3 * np.array(self.seconds), (50, 99))
        return (
            f"{len(self.seconds) / self.elapsed:.0f} requests per second, {len(self.seconds):,} in total, "
            f"p50 {median:.0f} ms, p99 {high:.0f} ms, {self.mismatches} responses unlike those of images sent alone"
        )


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """Send a request and return the body of its response, whose status must be 200."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    body = await reader.readexactly(int(head.partition(b"content-length:")[2].split()[0]))
    if b" 200 " not in head.splitlines()[0]:
        raise RuntimeError(body.decode())
    return body


def infer(image: np.ndarray) -> bytes:
    """Return a request that classifies an image."""
    tensor = {"name": "images", "datatype": "UINT8", "shape": [1, 28, 28], "data": image.ravel().tolist()}
    return post("/v2/models/handwriting/infer", "application/json", json.dumps({"inputs": [tensor]}).encode())


def read(image: np.ndarray) -> bytes:
    """Return a request that reads an image."""
    with io.BytesIO() as file:
        Image.fromarray(image).save(file, "PNG")
        head = b'Content-Disposition: form-data; name="files"; filename="digit.png"\r\n\r\n'
        body = b"--%b\r\n%b%b\r\n--%b--\r\n" % (_BOUNDARY, head, file.getvalue(), _BOUNDARY)
    return post("/read", f"multipart/form-data; boundary={_BOUNDARY.decode()}", body)


def post(path: str, content_type: str, body: bytes) -> bytes:
    """Return a POST request."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
