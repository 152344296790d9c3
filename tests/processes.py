"""Commands and servers in processes of their own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def run_cli(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "digitjax", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=300
    )


def assert_refused(result: subprocess.CompletedProcess[str], reason: str) -> None:
    """Check that a command ended with code 2 and one line that gives a reason, a regular expression."""
    assert result.returncode == 2, result.stderr
    [line] = result.stderr.splitlines()
    assert line.startswith("digitjax: error: ")
    assert re.search(reason, line), line


@contextmanager
def start_server(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start Python with arguments, and yield the process and the address that it prints once it listens."""
    with subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, re.search(r"http://\S+(?=/read )", process.stdout.readline())[0]
        finally:
            process.kill()


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until a condition holds that another process or thread brings about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.01)
