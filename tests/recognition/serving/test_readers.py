"""Processes that read pictures: their results, and what happens when one of them ends, or the server does."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType

import psutil
import pytest

pytest.importorskip("fastapi")

import httpx2
from fastapi.testclient import TestClient
from PIL import Image

from digitjax.errors import InputError
from digitjax.recognition import recognizer
from digitjax.recognition.serving.app import make_app
from digitjax.recognition.serving.readers import ProcessReaders
from tests.processes import start_server, wait_until
from tests.recognition.drawing import digit_picture, encode
from tests.recognition.serving.mortal import Mortal


@contextlib.contextmanager
def served(count: int) -> Iterator[TestClient]:
    app = make_app(Mortal(), readers=ProcessReaders(Mortal, count))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def read(client: TestClient, *contents: bytes) -> list[str]:
    files = [("files", (f"{n}.png", content)) for n, content in enumerate(contents)]
    return [result["error"] for result in client.post("/read", files=files).json()["results"]]


def test_a_process_that_ends_costs_one_picture_and_is_replaced(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    # A new process imports the main module of its parent, which may be that of a tested page here.
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    with served(2) as client, ThreadPoolExecutor(8) as pool:
        posts = [pool.submit(read, client, b"x" * n) for n in range(20)]
        assert [post.result()[0].split()[1] for post in posts] == [str(n) for n in range(20)]
        assert 1 <= len({post.result()[0].split()[0] for post in posts} - {str(os.getpid())}) <= 2
        for _ in range(2):
            before, lost, after = read(client, b"a", b"end", b"ab")
            assert lost == "the process that read it ended: reduce it, or save it as PNG"
            assert (before.split()[1], after.split()[1]) == ("1", "2")
        read(client, b"end")  # the server ends before the next process is ready
    assert capfd.readouterr().err == ""
    assert not [child for child in psutil.Process().children() if "spawn_main" in str(child.cmdline())]


@contextlib.contextmanager
def started(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = ("-m", "digitjax", "serve", "--port", "0", "--runs", str(folder))
    with start_server(*command) as (server, address):
        yield server, address


def test_the_processes_give_what_the_command_line_gives_and_end_with_the_server(tmp_path: Path):
    pictures = [encode(Image.fromarray(digit_picture(digit))) for digit in range(10)]
    with started(tmp_path) as (server, address):
        files = [("files", (f"{digit}.png", picture)) for digit, picture in enumerate(pictures)]
        results = httpx2.post(f"{address}/read", files=files, timeout=60).json()["results"]
        reader = recognizer.load(prepare_jax=lambda: None)
        assert results == [reader.read_file(picture, f"{n}.png") for n, picture in enumerate(pictures)]
        children = psutil.Process(server.pid).children()
        assert len(children) > 1
        server.kill()
        _, alive = psutil.wait_procs(children, 20)
        assert not alive


@pytest.mark.parametrize(("workers", "children", "code"), [("1", 2, 130), ("2", 3, 0)])
def test_ctrl_c_ends_the_server_quietly_while_it_starts(
    tmp_path: Path, workers: str, children: int, code: int
):
    command = [sys.executable, "-m", "digitjax", "serve", "--port", "0", "--runs", str(tmp_path)]
    with subprocess.Popen(
        [*command, "--workers", workers], stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as server:
        wait_until(lambda: len(psutil.Process(server.pid).children()) >= children)
        time.sleep(0.3)  # a process imports what it needs
        os.killpg(server.pid, signal.SIGINT)
        assert server.communicate(timeout=30)[1] == ""
        assert server.returncode == code


def test_a_process_that_cannot_start_is_one_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    with pytest.raises(InputError, match="ended while it started: is there enough memory"):
        ProcessReaders(partial(os._exit, 1), 1)
