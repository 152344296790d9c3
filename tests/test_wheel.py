"""The wheel, installed in a new environment without the checkout, does what README promises."""

import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("build")
pytest.importorskip("twine")

from digitjax import __version__, experiments
from tests.processes import wait_until
from tests.recognition.drawing import digit_picture

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13")


class Installed:
    """An environment that has nothing but the wheel and what it needs."""

    def __init__(self, folder: Path):
        self.scripts, self.home = folder / "venv" / "bin", folder / "home"
        self.home.mkdir()

    def options(self) -> dict[str, object]:
        """Return the working folder and the environment variables of a process, without those of the tests."""
        kept = {
            name: value for name, value in os.environ.items() if name.startswith(("PATH", "LANG", "PIP_"))
        }
        return {"cwd": self.home, "env": {**kept, "HOME": str(self.home)}, "text": True}

    def run(self, script: str, *arguments: object) -> str:
        """Return what a command prints."""
        command = [self.scripts / script, *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, **self.options())
        assert result.returncode == 0, result.stderr
        return result.stdout

    @contextmanager
    def serve(self, *arguments: str, page: str) -> Iterator[str]:
        """Run `digitjax` as a server, and yield what a page of it answers."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [self.scripts / "digitjax", *arguments, "--port", str(port)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, **self.options()) as process:
            try:
                answers = []

                def answer() -> bool:
                    with (
                        suppress(OSError),
                        urllib.request.urlopen(f"http://127.0.0.1:{port}{page}") as response,
                    ):
                        answers.append(response.read().decode())
                    return bool(answers)

                wait_until(answer, seconds=120)
                yield answers[0]
            finally:
                process.terminate()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from the source distribution, which is built from the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", folder, ROOT], check=True, capture_output=True)
    files = sorted(folder.iterdir())
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], check=True)
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module", params=PYTHONS)
def installed(request, wheel, tmp_path_factory) -> Installed:
    """The wheel, installed for a version of Python."""
    python = shutil.which(f"python{request.param}")
    if python is None or subprocess.run([python, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"Python {request.param} is not installed")
    environment = Installed(tmp_path_factory.mktemp("installed"))
    subprocess.run([python, "-m", "venv", environment.scripts.parent], check=True)
    environment.run("pip", "install", "-q", "-c", ROOT / "constraints.txt", f"{wheel}[app,serve]")
    return environment


def test_it_is_complete_and_says_where_it_is_documented(installed):
    assert installed.run("digitjax", "--version") == f"digitjax {__version__}\n"
    assert "https://digitjax.github.io/digitjax/" in installed.run("digitjax", "--help")
    assert "digitjax.github.io" in installed.run("pip", "show", "--verbose", "digitjax")
    found = installed.run("python", "-c", "from digitjax import experiments; print(*experiments.names())")
    assert found.split() == experiments.names()


def test_the_quickstart_trains_and_evaluates(installed):
    printed = installed.run("digitjax", "quickstart", "--no-dashboard")
    accuracy = float(re.search(r"accuracy\s+([0-9.]+)%", printed)[1])
    assert accuracy > 95
    assert "quickstart" in installed.run("digitjax", "runs")


def test_it_reads_a_picture(installed, tmp_path):
    Image.fromarray(digit_picture(0, count=2)).save(tmp_path / "two.png")
    assert installed.run("digitjax", "read", tmp_path / "two.png").endswith("two.png: 00\n")


def test_it_serves(installed):
    with installed.serve("serve", page="/") as answer:
        assert '"model":"handwriting"' in answer


def test_the_dashboard_opens(installed):
    with installed.serve("dashboard", "--no-browser", page="/") as answer:
        assert "<title>" in answer
