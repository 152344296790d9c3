"""Compiled programs are used again, unless they are damaged or those of other functions."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
import jax
import jax.numpy as jnp
from digitjax.environment import configure_jax

configure_jax(Path(sys.argv[1]))
one = jax.jit(lambda x: x + 1)(jnp.arange(3.0))
two = jax.jit(lambda x, y: (x @ y, x - y))(jnp.ones((2, 2)), jnp.ones((2, 2)))
print(one.tolist(), two[0].tolist(), two[1].tolist())
"""
RESULT = "[1.0, 2.0, 3.0] [[2.0, 2.0], [2.0, 2.0]] [[0.0, 0.0], [0.0, 0.0]]\n"


def compute(cache: Path) -> str:
    """Compute in a process of its own, and return what it printed to standard error."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(cache)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, RESULT), done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programs") / "compiled"
    assert compute(folder) == ""
    return folder


def test_programs_are_used_again(cache: Path):
    before = {file: file.stat().st_mtime_ns for file in cache.iterdir()}
    assert len(before) >= 2
    assert compute(cache) == ""
    assert {file: file.stat().st_mtime_ns for file in cache.iterdir()} == before


def test_programs_of_other_functions_and_damaged_ones_are_named_and_compiled_again(cache: Path):
    files = sorted(cache.iterdir())
    contents = [file.read_bytes() for file in files]
    for file, content in zip(files, [*contents[1:], contents[0]], strict=True):
        file.write_bytes(content)
    assert "this compiled program is damaged: it is compiled again" in compute(cache)
    for i, file in enumerate(sorted(cache.iterdir())):
        file.write_bytes((b"", file.read_bytes()[:-1], os.urandom(100))[i % 3])
    assert "is damaged" in compute(cache)
    assert [file.name for file in sorted(cache.iterdir())] == [file.name for file in files]
    assert compute(cache) == ""


PUT = """
import sys
from pathlib import Path
from digitjax.program_cache import ProgramCache

cache = ProgramCache(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for size in range(400):
    cache.put("a", bytes([int(sys.argv[2])]) * (1 + size % 7) * 10_000)
    assert cache.get("a")
"""


def test_processes_may_put_the_same_program_at_once(tmp_path: Path):
    command = [sys.executable, "-W", "error", "-c", PUT, str(tmp_path)]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen([*command, number], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            )
            for number in "123"
        ]
        assert [process.stdout.readline() for process in processes] == [b"ready\n"] * 3
        for process in processes:
            process.stdin.write(b"\n")
            process.stdin.close()
        assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert [file.name for file in tmp_path.iterdir()] == ["a.program"]
