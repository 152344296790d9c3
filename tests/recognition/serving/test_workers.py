"""Several workers on one port: killed ones are replaced, no request hangs, and no process is left behind."""

import contextlib
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

pytest.importorskip("fastapi")

import httpx2
import numpy as np

from tests.processes import assert_refused, run_cli, start_server, wait_until

PIXELS = np.zeros((28, 28), np.uint8)
PIXELS[4:24, 13:16] = 255  # a one
REQUEST = {
    "inputs": [{"name": "images", "datatype": "UINT8", "shape": [1, 28, 28], "data": PIXELS.ravel().tolist()}]
}


@contextlib.contextmanager
def started() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start two workers, and yield their parent process and the address; no worker survives its parent."""
    children = []
    with start_server("-m", "digitjax", "serve", "--port", "0", "--workers", "2") as (server, address):
        children = psutil.Process(server.pid).children(recursive=True)
        yield server, address
    _, alive = psutil.wait_procs(children, 10)
    assert not alive


def workers(server: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the worker processes, which listen."""
    return [
        child
        for child in psutil.Process(server.pid).children()
        if any(connection.status == "LISTEN" for connection in child.net_connections())
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
            return "lost"  # at once; a timeout would be raised

    # For some 50 ms, connections meant for the killed worker are refused.
    transport = httpx2.HTTPTransport(retries=3)
    with (
        started() as (server, address),
        httpx2.Client(timeout=20, transport=transport) as client,
        ThreadPoolExecutor(16) as executor,
    ):
        expected = ask(address)
        answers = [executor.submit(ask, address) for _ in range(400)]
        first = workers(server)
        assert len(first) == 2
        wait_until(lambda: sum(answer.done() for answer in answers) > 40)
        first[0].kill()
        results = [answer.result() for answer in answers]
        assert results.count("lost") < 40  # only those that the killed worker had accepted
        assert set(results) <= {expected, "lost"}
        wait_until(lambda: len(set(workers(server)) - {first[0]}) == 2)
        assert ask(address) == expected
        assert count(address, "digitjax_requests_open") == 1  # this request
        counted = count(address, 'digitjax_requests_total{route="/v2/models/{name}/infer"')
        assert counted >= results.count(expected)
        server.send_signal(signal.SIGTERM)
        out, err = server.communicate(timeout=30)
        assert (server.returncode, out, err) == (0, "", "")


@pytest.mark.slow
def test_workers_end_with_their_parent_and_the_next_start_removes_its_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with started() as (server, _):
        children = workers(server)
        server.kill()
        _, alive = psutil.wait_procs(children, 20)
        assert not alive
    [left_over] = tmp_path.glob("digitjax-*")
    with started() as (server, address):
        assert not left_over.exists()
        assert count(address, "digitjax_requests_open") == 1
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)
    assert not list(tmp_path.glob("digitjax-*"))


@pytest.mark.slow
def test_a_model_that_cannot_be_loaded_ends_all_workers_with_its_reason(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "config.json").write_text("{")
    done = run_cli("serve", "--port", "0", "--workers", "2", "--runs", str(tmp_path), "--model", "empty")
    assert (done.returncode, done.stdout) == (2, "")
    assert {line.partition(":")[0] for line in done.stderr.splitlines()} == {"digitjax"}
    assert "config.json" in done.stderr


def test_a_port_in_use_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = run_cli("serve", "--workers", "2", "--port", str(other.getsockname()[1]))
    assert_refused(result, "Address already in use: choose another --host or --port")
