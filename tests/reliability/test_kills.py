"""Commands that are killed at random moments: the same command then ends as if nothing had happened."""

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from digitjax.runs import Run
from digitjax.runs.files import read_sealed
from tests.recognition.drawing import digit_picture

pytestmark = pytest.mark.slow

COMMANDS = {
    "train": ["train", "runs/new/config.json", "--resume", "--runs", "runs"],
    "evaluate": ["evaluate", "able", "--split", "validation", "--runs", "runs"],
    "calibrate": ["calibrate", "able", "--runs", "runs"],
    "ensemble": ["ensemble", "both", "able", "twin", "--overwrite", "--runs", "runs"],
    "history": ["evaluate", "able", "--history", "--runs", "runs"],
    "pack": ["pack", "able", "packed", "--runs", "runs"],
    "report": ["report", "able", "--runs", "runs"],
    "export": ["export", "able", "--to", "stablehlo", "--out", "able.hlo", "--overwrite", "--runs", "runs"],
    "sweep": ["sweep", "module.py", "--runs", "runs"],
    "prepare": ["data", "prepare", "folder", "--folder", "."],
    "read": ["read", "5.png", "6.png", "--out", "read.jsonl", "--model", "runs/able"],
}
SWEEP = """
from digitjax.config import Choice, Config, MLPConfig, Sweep, Training

sweep = Sweep(
    name="s",
    base=Config(model=MLPConfig(dense=(8,)), training=Training(epochs=1, batch_size=400)),
    space={"model.dense": Choice([(8,)])},
    trials=2,
)
"""
PROGRAM = """
import os, signal, sys

moment, seen = int(sys.argv[1]), 0

def count(event, arguments):
    \"\"\"Count the changes of files in the current folder, and end at the given one.\"\"\"
    global seen
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    changes = writes or event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir")
    is_path = changes and not isinstance(arguments[0], int)
    if is_path and os.path.abspath(os.fsdecode(arguments[0])).startswith(folder):
        seen += 1
        if seen == moment:
            os.kill(os.getpid(), signal.SIGKILL)

folder = os.getcwd()
sys.addaudithook(count)
from digitjax import cli
try:
    cli.main(sys.argv[2:])
finally:
    print("changes:", seen, file=sys.stderr)
"""


def run(folder: Path, command: list[str], moment: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, up to a number of changes of files; 0 lets it end."""
    own_cache = {"DIGITJAX_CACHE": str(folder / "cache")} if "prepare" in command else {}
    return subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, str(moment), *command],
        cwd=folder,
        env=os.environ | own_cache,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def start(able_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, its twin, a run still to be trained, and two pictures."""
    folder = tmp_path_factory.mktemp("start")
    for name in ("able", "twin"):
        shutil.copytree(able_run.path, folder / "runs" / name)
    (folder / "runs/new").mkdir()
    config = (able_run.path / "config.json").read_text().replace('"able"', '"new"')
    (folder / "runs/new/config.json").write_text(config)
    (folder / "module.py").write_text(SWEEP)
    for digit in (4, 5, 6):
        Image.fromarray(digit_picture(digit)).save(folder / f"{digit}.png")
    (folder / "manifest.csv").write_text("file,label,split\n4.png,4,train\n5.png,5,train\n6.png,6,test\n")
    return folder


def describe(folder: Path) -> dict[str, object]:
    """Return what is in a folder, by path: contents, but for what differs from training to training."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "d"]
    found = {str(path.relative_to(folder)): _read(path) for path in files}
    trials = sorted(
        path.name for path in folder.glob("runs/s/trial-*")
    )  # killed ones leave gaps in the numbers
    for number, trial in enumerate(trials):
        found = {path.replace(trial, f"trial {number}"): content for path, content in found.items()}
    return found


def _read(path: Path) -> object:
    if path.name in ("calibration.json", "ensemble.json", "group.json"):
        return {name: value for name, value in read_sealed(path).items() if name != "run_id"}
    return path.read_bytes() if path.suffix in (".npz", ".npy", ".png") or path.name == "read.jsonl" else None


def check(start: Path, folder: Path, name: str, kills: int) -> None:
    work, rng = folder / "work", random.Random(name)
    shutil.copytree(start, work)
    whole = run(work, COMMANDS[name])
    assert whole.returncode == 0, whole.stderr
    expected, changes = describe(work), int(whole.stderr.rsplit("changes: ", 1)[1])
    assert changes > 0
    for _ in range(kills):
        moment = rng.randint(1, changes)
        shutil.rmtree(work)
        shutil.copytree(start, work)
        killed = run(work, COMMANDS[name], moment)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        again = run(work, COMMANDS[name])
        if again.returncode:  # what a refused second run finds must be whole
            assert "exists" in again.stderr, (moment, again.stderr)
        assert describe(work) == expected, moment
        assert "Traceback" not in again.stderr


@pytest.mark.parametrize("name", ["ensemble", "pack"])
def test_a_killed_command_may_be_repeated(start: Path, tmp_path: Path, name: str):
    check(start, tmp_path, name, kills=1)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_killed_anywhere_may_be_repeated(start: Path, tmp_path: Path, name: str):
    check(start, tmp_path, name, kills=10)
