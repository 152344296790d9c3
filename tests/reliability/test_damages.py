"""Files of a run that are damaged at random: a command gives the same result, or names the file.

In particular no result differs without a word, and no command ends with a traceback.
"""

import contextlib
import io
import json
import random
import shutil
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("safetensors")

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from digitjax import cli
from digitjax.evaluation.evaluate import evaluate
from digitjax.model.training.train import train
from digitjax.runs import Run
from tests.conftest import ABLE
from tests.recognition.drawing import digit_picture

BOUNDED = settings(
    max_examples=15,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
LONG = settings(BOUNDED, max_examples=300, derandomize=False)


# ------------------------------------------------------------------------------------------------ damages


def empty(content: bytes, _: random.Random) -> bytes:
    return b""


def truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def zero(content: bytes, rng: random.Random) -> bytes:
    return bytes(len(content))


def flip(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def change_value(content: bytes, rng: random.Random) -> bytes:
    """Change a value of a JSON file to another of its type."""

    def change(value: Any) -> Any:
        match value:
            case bool() | None:
                return not value
            case int() | float():
                return value * 2 + 1
            case dict():
                return {"x": 1}
            case list():
                return ["x"]
            case _:
                return value + "x"

    return _change_json(content, rng, change)


def change_type(content: bytes, rng: random.Random) -> bytes:
    """Change a value of a JSON file to one of another type."""
    others = ["text", 7, None, [], {}, [1, "a"], True]
    return _change_json(
        content, rng, lambda value: rng.choice([o for o in others if type(o) is not type(value)])
    )


def _change_json(content: bytes, rng: random.Random, change: Callable[[Any], Any]) -> bytes:
    try:
        rows = (
            [json.loads(line) for line in content.splitlines()] if b"}\n{" in content else json.loads(content)
        )
    except ValueError:
        return flip(content, rng)
    leaves = list(_find_leaves(rows))
    if not leaves:
        return flip(content, rng)
    parent, key = rng.choice(leaves)
    parent[key] = change(parent[key])
    text = (
        "".join(json.dumps(row) + "\n" for row in rows)
        if isinstance(rows, list)
        else json.dumps(rows, indent=2)
    )
    return text.encode()


def _find_leaves(node: Any) -> Any:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, dict | list) and value:
            yield from _find_leaves(value)
        else:
            yield node, key


DAMAGES = (empty, truncate, zero, flip, change_value, change_type)


def damage(run: Path, other: Path, seed: int) -> str:
    """Damage a file of a run, or swap one or a folder with that of another run, and return what was done."""
    rng = random.Random(seed)
    files = [path for path in sorted(run.rglob("*")) if path.is_file()]
    values = [path for path in files if path.suffix in (".json", ".jsonl") and path.name != "manifest.json"]
    file = rng.choice(values if rng.random() < 0.6 else files)
    name = file.relative_to(run)
    match rng.randrange(8):
        case 0:
            file.unlink()
            return f"delete {name}"
        case 1:
            part = Path(*name.parts[: rng.randint(1, len(name.parts))])
            if (run / part).is_dir():
                shutil.rmtree(run / part)
                shutil.copytree(other / part, run / part)
            elif (other / name).exists():
                shutil.copy(other / name, file)
            return f"swap {part}"
    kind = rng.choice(DAMAGES)
    file.write_bytes(kind(file.read_bytes() or b" ", rng))
    return f"{kind.__name__} {name}"


# ----------------------------------------------------------------------------------------------- commands


class Runs:
    """A folder with two runs that the tests damage, and the results of all commands before."""

    def __init__(self, folder: Path, intact: Path):
        """Remember what every command prints."""
        self.folder, self._intact = folder, intact
        Image.fromarray(digit_picture(5)).save(folder / "5.png")
        run, read = str(folder / "runs/able"), ["read", str(folder / "5.png"), "--json", "--model"]
        options = ["--runs", str(folder / "runs")]
        export = ["export", "able", "--to", "safetensors", "--out", str(folder / "out"), "--overwrite"]
        self.commands = [
            ["runs", "--json", *options],
            ["verify", "able", *options],
            ["compare", "able", "other", "--json", *options],
            [*read, run],
            [*export, *options],
            ["evaluate", "able", "--json", *options],
        ]
        self.restore()
        self._expected = [self._run(command)[1] for command in self.commands]

    def restore(self) -> None:
        """Undo all damages."""
        shutil.rmtree(self.folder / "runs", ignore_errors=True)
        shutil.copytree(self._intact, self.folder / "runs")

    def outcomes(self) -> list[str]:
        """Run every command; return for each `same`, `told`, `fell back, told`, or else what is wrong."""
        return [self._outcome(*pair) for pair in zip(self.commands, self._expected, strict=True)]

    def _outcome(self, command: list[str], expected: str) -> str:
        try:
            code, out, errors = self._run(command)
        except Exception as error:
            return f"traceback of {command[0]}: {error!r}"
        lines = errors.splitlines()
        names_file = str(self.folder / "runs") in errors or "'able'" in errors
        if code:
            reasons = [line for line in lines if line.startswith("digitjax: error: ")]
            told = (len(reasons) == 1 and names_file) or (command[0] == "verify" and str(self.folder) in out)
            return "told" if told else f"{command[0]} ended with {code}: {errors}"
        if out == expected:
            return "same"
        problem = command[0] == "runs" and any(row["problem"] for row in json.loads(out))
        told = problem or (names_file and any(line.startswith("digitjax: warning: ") for line in lines))
        return "fell back, told" if told else f"{command[0]} silently printed {out!r}, not {expected!r}"

    def _run(self, command: list[str]) -> tuple[int, str, str]:
        """Return code, output and errors of a command; the output of an export is its file."""
        out, errors, code = io.StringIO(), io.StringIO(), 0
        with warnings.catch_warnings(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            warnings.simplefilter("always")
            try:
                cli.main(command)
            except SystemExit as stop:
                code = stop.code
        exported = command[0] == "export" and not code
        content = _read_safetensors(self.folder / "out") if exported else out.getvalue()
        return code, content, errors.getvalue()


def _read_safetensors(file: Path) -> str:
    """Return the content of a file, with its header in the order of the names, which the library shuffles."""
    content = file.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    return json.dumps(json.loads(content[8:end]), sort_keys=True) + content[end:].hex()


@pytest.fixture(scope="module")
def damaged_runs(able_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """A run of two epochs with all its weights, and the same of another seed, evaluated both."""
    intact = tmp_path_factory.mktemp("intact")
    shutil.copytree(able_run.path, intact / "able")
    other = train(replace(ABLE, name="other", seed=1), intact)
    evaluate(other)
    return Runs(tmp_path_factory.mktemp("damaged"), intact)


def check(damaged_runs: Runs, seed: int, counts: Counter[str]) -> None:
    damaged_runs.restore()
    runs = damaged_runs.folder / "runs"
    done = damage(runs / "able", runs / "other", seed)
    outcomes = damaged_runs.outcomes()
    counts.update(outcomes)
    assert set(outcomes) <= {"same", "told", "fell back, told"}, (done, outcomes)


@pytest.mark.slow
def test_damages_are_told(damaged_runs: Runs):
    counts: Counter[str] = Counter()
    BOUNDED(given(seed=st.integers(0, 2**32))(lambda seed: check(damaged_runs, seed, counts)))()
    assert min(counts[kind] for kind in ("same", "told", "fell back, told")) > 0


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_many_damages_are_told(damaged_runs: Runs):
    counts: Counter[str] = Counter()
    LONG(given(seed=st.integers(0, 2**32))(lambda seed: check(damaged_runs, seed, counts)))()
    print(dict(counts))
