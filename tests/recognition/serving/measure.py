"""How many requests the server answers, how fast and how evenly, and whether it grows.

    python -m tests.recognition.serving.measure [SECONDS [WORKERS]]

A second process keeps 32 connections busy with digits of 28x28, and compares each answer with the one that the same
picture got when it was sent alone. By default one worker is asked, for 60 seconds a
way, and then until 100,000 requests are answered.
"""

import asyncio
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import psutil
from PIL import Image
from sklearn.datasets import load_digits

CONNECTIONS = 32
REQUESTS = 100_000
WARM_UP = 20_000  # the allocator of the C library takes its share from the first ones
_BOUNDARY = b"a-boundary-that-no-picture-holds"


def main(seconds: int = 60, workers: int = 1) -> None:
    """Measure and print."""
    command = [sys.executable, "-m", "digitjax", "serve", "--port", "0", "--workers", str(workers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline().split(" reads at ")[1].split("/read;")[0].rsplit(":", 1)[1])
            for name, make in {"/v2/models/handwriting/infer": infer, "/read": read}.items():
                load = Load(port, make)
                load.run(lambda load: time.monotonic() < load.start + seconds)
                print(f"{name}: {load.describe()}", flush=True)
            Load(port, infer).run(lambda load: len(load.seconds) < WARM_UP * workers)
            load, before = Load(port, infer), memory(server.pid)
            load.run(lambda load: len(load.seconds) < REQUESTS)
            after = memory(server.pid)
            growth = f"{before / 1e6:.0f} to {after / 1e6:.0f} MB, {after / before - 1:+.1%}"
            print(f"memory over {REQUESTS:,} requests: {growth}; {load.describe()}")
        finally:
            server.terminate()


def memory(pid: int) -> int:
    """Return the bytes that a process and those below it hold."""
    process = psutil.Process(pid)
    return sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))


class Load:
    """Many connections that ask one thing after the other, and what they were answered."""

    def __init__(self, port: int, make: Callable[[np.ndarray], bytes]):
        images = np.kron(load_digits().images[:256].astype(np.uint8) * 15, np.ones((3, 3), np.uint8))
        self.port = port
        self.requests = [make(np.pad(image, 2)) for image in images]
        self.alone: list[bytes] = []
        self.seconds: list[float] = []
        self.wrong = 0

    def run(self, go_on: Callable[["Load"], bool]) -> None:
        """Ask for each picture alone, then for all from many connections."""
        asyncio.run(self._run(go_on))

    async def _run(self, go_on: Callable[["Load"], bool]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.alone = [await ask(reader, writer, request) for request in self.requests]
        writer.close()
        self.start = time.monotonic()
        await asyncio.gather(*(self._connection(number, go_on) for number in range(CONNECTIONS)))
        self.took = time.monotonic() - self.start

    async def _connection(self, number: int, go_on: Callable[["Load"], bool]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while go_on(self):
            number = (number + 7) % len(self.requests)
            start = time.perf_counter()
            answer = await ask(reader, writer, self.requests[number])
            self.seconds.append(time.perf_counter() - start)
            self.wrong += answer != self.alone[number]
        writer.close()

    def describe(self) -> str:
        """Lay out what was measured."""
        median, high = np.percentile(1e3 * np.array(self.seconds), (50, 99))
        return (
            f"{len(self.seconds) / self.took:.0f} requests a second, {len(self.seconds):,} in all, "
            f"p50 {median:.0f} ms, p99 {high:.0f} ms, {self.wrong} answers unlike those alone"
        )


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """Send a request and return the body of its answer, which must be one of success."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    body = await reader.readexactly(int(head.partition(b"content-length:")[2].split()[0]))
    if b" 200 " not in head.splitlines()[0]:
        raise RuntimeError(body.decode())
    return body


def infer(image: np.ndarray) -> bytes:
    """Return the request that classifies a picture."""
    tensor = {"name": "images", "datatype": "UINT8", "shape": [1, 28, 28], "data": image.ravel().tolist()}
    return post("/v2/models/handwriting/infer", "application/json", json.dumps({"inputs": [tensor]}).encode())


def read(image: np.ndarray) -> bytes:
    """Return the request that reads a picture."""
    with io.BytesIO() as file:
        Image.fromarray(image).save(file, "PNG")
        head = b'Content-Disposition: form-data; name="files"; filename="digit.png"\r\n\r\n'
        body = b"--%b\r\n%b%b\r\n--%b--\r\n" % (_BOUNDARY, head, file.getvalue(), _BOUNDARY)
    return post("/read", f"multipart/form-data; boundary={_BOUNDARY.decode()}", body)


def post(path: str, kind: str, body: bytes) -> bytes:
    """Return a request."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: digitjax",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
