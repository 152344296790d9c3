"""The run folder: where everything of a run lies, and how it is read, listed and created.

runs/<name>/
  config.json          written first; enough to rebuild the model
  environment.json     versions, commit, command line, device, settings, SHA-256 of the data
  metrics.jsonl        one line a logged step
  checkpoints/         full states: the latest and the best
  weights/             weights alone every so many epochs, where asked for
  evaluation/<split>@<step>/   metrics.json, predictions.npz
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from digitjax.config import Config, Task, from_json, to_json
from digitjax.errors import InputError

DEFAULT_FOLDER = Path("runs")
MEASURES: dict[Task, Literal["accuracy", "error"]] = {"classification": "accuracy", "reconstruction": "error"}
"""What the models of each task are compared by."""


@dataclass(frozen=True)
class Run:
    """One run folder. Reading what is missing or damaged raises `InputError` and names it."""

    path: Path

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.name

    @property
    def checkpoints(self) -> Path:
        """Folder of the full checkpoints."""
        return self.path / "checkpoints"

    @property
    def weights(self) -> Path:
        """Folder of the checkpoints that hold weights alone."""
        return self.path / "weights"

    @property
    def metrics_file(self) -> Path:
        """Log of the training, one JSON object a line."""
        return self.path / "metrics.jsonl"

    @cached_property
    def config(self) -> Config:
        """The experiment."""
        return from_json(_read(self.path / "config.json"), str(self.path / "config.json"))

    @property
    def environment(self) -> dict[str, Any]:
        """Versions, device, settings and data of the latest training of this run."""
        return read_json(self.path / "environment.json")

    def metrics(self) -> list[dict[str, Any]]:
        """Return the logged lines in order; a last line that is cut off is left out."""
        if not self.metrics_file.exists():
            return []
        lines = _read(self.metrics_file).decode(errors="replace").splitlines(keepends=True)
        if lines and not lines[-1].endswith("\n"):
            lines.pop()
        try:
            rows = [json.loads(line) for line in lines]
        except json.JSONDecodeError as error:
            raise InputError(f"{self.metrics_file}: a line is not JSON ({error})") from None
        if not all(isinstance(row, dict) and "step" in row for row in rows):
            raise InputError(f"{self.metrics_file}: a line is no JSON object with a step")
        return rows

    def evaluation_folder(self, split: str, step: int) -> Path:
        """Folder of the evaluation of one split with the weights of one step."""
        return self.path / "evaluation" / f"{split}@{step}"

    def evaluations(self) -> list[tuple[str, int]]:
        """Return (split, step) of every finished evaluation, by split, then step."""
        names = [p.parent.name.partition("@") for p in self.path.glob("evaluation/*@*/metrics.json")]
        return sorted((split, int(step)) for split, _, step in names if step.isdecimal())


@dataclass(frozen=True)
class Summary:
    """One line of a list of runs; `problem` says what is damaged or missing, if anything."""

    name: str
    experiment: str = ""
    model: str = ""
    data: str = ""
    seed: int | None = None
    epoch: int = 0
    epochs: int | float = 0
    validation_accuracy: float | None = None
    test_accuracy: float | None = None
    validation_error: float | None = None
    """Of an autoencoder, in place of an accuracy: the mean squared error of the pixels."""
    test_error: float | None = None
    seconds: float = 0.0
    problem: str = ""


def summarize(run: Run) -> Summary:
    """Summarize a run without raising: what cannot be read is named in `problem`."""
    try:
        config, lines = run.config, run.metrics()
        validation = [line for line in lines if line["split"] == "validation"]
        tests = [step for split, step in run.evaluations() if split == "test"]
        test = read_json(run.evaluation_folder("test", tests[-1]) / "metrics.json") if tests else {}
        epoch = int(lines[-1]["epoch"]) if lines else 0
        finished = (run.path / "finished.json").exists()
        measure = MEASURES[config.task]
        best = max if measure == "accuracy" else min
        measured: dict[str, float | None] = {
            f"validation_{measure}": best((line[measure] for line in validation), default=None),
            f"test_{measure}": test.get(measure),
        }
        return Summary(
            name=run.name,
            experiment=config.name,
            model=config.model.kind,
            data=config.data.name,
            seed=config.seed,
            epoch=epoch,
            epochs=config.training.epochs,
            seconds=float(lines[-1]["seconds"]) if lines else 0.0,
            problem="" if finished else "not finished: continue it with --resume",
            **measured,
        )
    except (InputError, KeyError, TypeError, ValueError) as error:
        reason = (
            str(error) if isinstance(error, InputError) else f"metrics.jsonl: {error!r} is not as expected"
        )
        return Summary(name=run.name, problem=reason)


def list_runs(folder: Path = DEFAULT_FOLDER) -> list[Run]:
    """Return the runs of a folder, newest first; folders that hold no config.json are half-written runs too."""
    if not folder.is_dir():
        return []
    paths = [p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")]
    return [Run(p) for p in sorted(paths, key=lambda p: (p.stat().st_mtime, p.name), reverse=True)]


def find(name_or_path: str | os.PathLike[str], folder: Path = DEFAULT_FOLDER) -> Run:
    """Return the run of that name in `folder`, or at that path.

    Raises:
        InputError: there is none.
    """
    for path in (folder / name_or_path, Path(name_or_path)):
        if (path / "config.json").is_file():
            return Run(path)
    known = ", ".join(run.name for run in list_runs(folder)[:8]) or "no runs yet"
    raise InputError(
        f"no run {str(name_or_path)!r} in {folder} ({known}): train one, or name the folder with --runs"
    )


def create(config: Config, folder: Path = DEFAULT_FOLDER, *, overwrite: bool = False) -> Run:
    """Create the folder of a new run and write its config.

    Raises:
        InputError: the folder exists and may not be overwritten, or cannot be written.
    """
    run = Run(folder / config.name)
    if run.path.exists():
        if not overwrite:
            raise InputError(
                f"{run.path} exists: continue it with --resume, choose another --name, or discard it with --overwrite"
            )
        shutil.rmtree(run.path)
    try:
        run.path.mkdir(parents=True)
        write_text(run.path / "config.json", to_json(config))
    except OSError as error:
        raise InputError(f"{run.path}: {error.strerror}: choose another folder with --runs") from None
    return run


def free_name(name: str, folder: Path = DEFAULT_FOLDER) -> str:
    """Return `name`, or `name-2`, `name-3`, ...: the first that is not taken."""
    return next(n for n in _numbered(name) if not (folder / n).exists())


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


# ----------------------------------------------------------------------------------------- files


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON whole or not at all."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InputError: the file is missing or damaged.
    """
    try:
        content = json.loads(_read(path))
    except ValueError as error:
        raise InputError(f"{path}: it is not JSON ({error})") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: it must hold a JSON object")
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
