"""Several workers on one port: killed ones are replaced, no request hangs, nothing is left behind."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

pytest.importorskip("fastapi")

import httpx2
import numpy as np

PIXELS = np.zeros((28, 28), np.uint8)
PIXELS[4:24, 13:16] = 255  # a one
REQUEST = {
    "inputs": [{"name": "images", "datatype": "UINT8", "shape": [1, 28, 28], "data": PIXELS.ravel().tolist()}]
}


@contextlib.contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start two workers, and yield the process above them with the address."""
    command = [sys.executable, "-m", "digitjax", "serve", "--port", "0", "--workers", "2", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        below = []
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split(" reads at ")[1].split("/read;")[0]
            below = psutil.Process(server.pid).children(recursive=True)
            yield server, address
        finally:
            server.kill()
            _, alive = psutil.wait_procs(below, 10)
            assert not alive


def wait(until: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.05)


def workers(server: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return those that listen."""
    return [
        child
        for child in psutil.Process(server.pid).children()
        if any(one.status == "LISTEN" for one in child.net_connections())
    ]


def count(address: str, name: str) -> float:
    lines = httpx2.get(f"{address}/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


@pytest.mark.slow
def test_a_killed_worker_leaves_no_request_hanging_and_is_replaced():
    def ask(address: str) -> str:
        try:
            answer = client.post(f"{address}/v2/models/handwriting/infer", json=REQUEST)
            return str(answer.json()["outputs"][0]["data"])
        except (httpx2.NetworkError, httpx2.RemoteProtocolError):
            return "lost"  # at once, not by a time-out, which would be raised

    # For some 50 ms connections are refused that would have been the killed worker's.
    transport = httpx2.HTTPTransport(retries=3)
    with (
        started() as (server, address),
        httpx2.Client(timeout=20, transport=transport) as client,
        ThreadPoolExecutor(16) as executor,
    ):
        alone = ask(address)
        answers = [executor.submit(ask, address) for _ in range(400)]
        first = workers(server)
        assert len(first) == 2
        wait(lambda: sum(answer.done() for answer in answers) > 40)
        first[0].kill()
        got = [answer.result() for answer in answers]
        assert got.count("lost") < 40  # no more than those it had
        assert set(got) <= {alone, "lost"}
        wait(lambda: len(set(workers(server)) - {first[0]}) == 2)
        assert ask(address) == alone
        assert count(address, "digitjax_requests_open") == 1  # this one
        assert count(address, 'digitjax_requests_total{route="/v2/models/{name}/infer"') >= got.count(alone)
        server.send_signal(signal.SIGTERM)
        out, err = server.communicate(timeout=30)
        assert (server.returncode, out, err) == (0, "", "")


@pytest.mark.slow
def test_workers_end_with_the_process_above_them():
    with started() as (server, _):
        below = workers(server)
        server.kill()
        _, alive = psutil.wait_procs(below, 20)
        assert not alive


@pytest.mark.slow
def test_what_no_worker_can_load_ends_all_in_one_line(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "config.json").write_text("{")
    command = [
        sys.executable,
        "-m",
        "digitjax",
        "serve",
        "--port",
        "0",
        "--workers",
        "2",
        "--runs",
        str(tmp_path),
    ]
    done = subprocess.run([*command, "--model", "empty"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert {line.partition(":")[0] for line in done.stderr.splitlines()} == {"digitjax"}
    assert "config.json" in done.stderr


def test_a_port_that_somebody_else_has_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as other:
        command = [sys.executable, "-m", "digitjax", "serve", "--workers", "2"]
        port = str(other.getsockname()[1])
        done = subprocess.run([*command, "--port", port], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "Address already in use: choose another --host or --port" in done.stderr
