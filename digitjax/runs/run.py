"""The run folder: where everything of a run lies, and how it is read, listed and created.

runs/<name>/
  config.json          written first; enough to rebuild the model
  environment.json     versions, commit, command line, device, settings, SHA-256 of the data, steps of an epoch
  metrics.jsonl        one line a logged step
  calibration.json     temperature and rejection threshold: see `digitjax.model.calibration`
  tags.json            what people say of single pictures: see `digitjax.evaluation.tags`
  checkpoints/         full states: the latest and the best
  weights/             weights alone every so many epochs, where asked for
  evaluation/<split>@<step>/   metrics.json, predictions.npz; other tta than one are named: <split>@<step>+<tta>
  evaluation/history/  what the kept weights made of each picture: see `digitjax.evaluation.history`
  process.json, training.log   of a training started from the dashboard: see `digitjax.runs.jobs`

What holds several runs, a group of seeds or an ensemble, is in `digitjax.runs.group`.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

from digitjax.config import Config, Task, from_json, to_json
from digitjax.errors import InputError
from digitjax.migration import migrate_tta, old_evaluation_folder
from digitjax.runs.files import read_artifact, read_bytes, read_json, write_text

DEFAULT_FOLDER = Path("runs")
MEASURES: dict[Task, Literal["accuracy", "error"]] = {"classification": "accuracy", "reconstruction": "error"}
"""What the models of each task are compared by."""
PRETRAINED_FOLDER = Path(__file__).parents[1] / "pretrained"
"""The models in the box: packed runs, found by name like all others."""
GROUP_FILE = "group.json"
ENSEMBLE_FILE = "ensemble.json"
SWEEP_FILE = "sweep.json"


class EvaluationKey(NamedTuple):
    """What was evaluated, and how; as a string it names the folder of the evaluation."""

    split: str
    step: int | str
    """The step of a run; of several runs `best` or `latest`, of each its own."""
    tta: str = "none"

    def __str__(self) -> str:
        return f"{self.split}@{self.step}" + f"+{self.tta}" * (self.tta != "none")


@dataclass(frozen=True)
class Evaluable:
    """A folder with evaluations in it: of a run, a group or an ensemble."""

    path: Path

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.name

    def evaluation_folder(self, split: str, step: int | str, tta: str = "none") -> Path:
        """Folder of the evaluation of one split with the weights of one step."""
        folder = self.path / "evaluation" / str(EvaluationKey(split, step, tta))
        old = folder.with_name(old_evaluation_folder(folder.name))
        return old if old.exists() and not folder.exists() else folder

    def evaluations(self) -> list[EvaluationKey]:
        """Return every finished evaluation, by split, then step, then views."""
        names = [p.parent.name for p in self.path.glob("evaluation/*/metrics.json")]
        found = [re.fullmatch(r"(\w+)@(?:(\d+)|(best|latest))(?:\+(\w+))?", name) for name in names]
        keys = [
            EvaluationKey(split, int(step) if step else word, migrate_tta(tta or "none"))
            for split, step, word, tta in (match.groups() for match in found if match)
        ]
        return sorted(keys, key=lambda key: (key.split, isinstance(key.step, str), key.step, key.tta))

    def measured(self, measure: Literal["accuracy", "error"], split: str, tta: str = "none") -> float | None:
        """Return what was measured on a split in the evaluation of the latest step, if there is one.

        Raises:
            InputError: the evaluation is damaged.
        """
        measured = self.measured_with_interval(measure, split, tta)
        return measured[0] if measured else None

    def measured_with_interval(
        self, measure: Literal["accuracy", "error"], split: str, tta: str = "none"
    ) -> tuple[float, tuple[float, float]] | None:
        """Return what `measured` does, and its 95 % interval.

        Raises:
            InputError: the evaluation is damaged.
        """
        keys = [key for key in self.evaluations() if (key.split, key.tta) == (split, tta)]
        if not keys:
            return None
        file = self.evaluation_folder(*keys[-1]) / "metrics.json"
        summary = read_artifact(file)
        match summary.get(measure), summary.get(f"{measure}_interval"):
            case float(value), [float(low), float(high)]:
                return value, (low, high)
        raise InputError(f"{file}: its {measure} is no number with an interval: evaluate {self.name} again")


@dataclass(frozen=True)
class Run(Evaluable):
    """One run folder. Reading what is missing or damaged raises `InputError` and names it."""

    @property
    def name(self) -> str:
        """Name of the folder; of a member of a group with that of the group: `mnist/seed-0`."""
        folder = self.path.absolute().parent
        return f"{folder.name}/{self.path.name}" if (folder / GROUP_FILE).exists() else self.path.name

    def members(self) -> list["Run"]:
        """Return itself: a run stands for itself where a group stands for its seeds."""
        return [self]

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
        return from_json(read_bytes(self.path / "config.json"), str(self.path / "config.json"))

    @property
    def environment(self) -> dict[str, Any]:
        """Versions, device, settings and data of the latest training of this run."""
        return read_json(self.path / "environment.json")

    def metrics(self) -> list[dict[str, Any]]:
        """Return the logged lines in order; a last line that is cut off is left out."""
        if not self.metrics_file.exists():
            return []
        lines = read_bytes(self.metrics_file).decode(errors="replace").splitlines(keepends=True)
        if lines and not lines[-1].endswith("\n"):
            lines.pop()
        try:
            rows = [json.loads(line) for line in lines]
        except (ValueError, RecursionError) as error:
            raise InputError(f"{self.metrics_file}: a line is not JSON ({error})") from None
        if not all(isinstance(row, dict) and "step" in row for row in rows):
            raise InputError(f"{self.metrics_file}: a line is no JSON object with a step")
        return rows


def list_runs(folder: Path = DEFAULT_FOLDER) -> list[Run]:
    """Return the runs of a folder, newest first; folders that hold no config.json are half-written runs too.

    The runs of a group stand in its place, in the order of their seeds.
    """
    found: list[Run] = []
    for path in list_folders(folder):
        if (path / GROUP_FILE).exists():
            members = sorted(path.glob("seed-*"), key=lambda p: (len(p.name), p.name))
            found += [Run(member) for member in members]
        elif not (path / ENSEMBLE_FILE).exists():
            found.append(Run(path))
    return found


def list_folders(folder: Path = DEFAULT_FOLDER) -> list[Path]:
    """Return the folders of runs, groups and ensembles, newest first.

    Those of sweeps are not among them: their trials are the runs of a folder of their own.
    """
    if not folder.is_dir():
        return []
    paths = [p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")]
    paths = [p for p in paths if not (p / SWEEP_FILE).exists()]
    return sorted(paths, key=lambda p: (p.stat().st_mtime, p.name), reverse=True)


def leads_out(path: Path, folder: Path) -> bool:
    """Whether an entry of a folder of runs is a link out of it, or has one among what is shown of it as text.

    What lies deeper, in checkpoints, is read as numbers or not at all.
    """
    home = os.path.realpath(folder)
    inside = [path, *path.iterdir(), *path.glob("evaluation/*"), *path.glob("evaluation/*/*")]
    links = [os.path.realpath(one) for one in inside if one.is_symlink()]
    return any(os.path.commonpath([home, link]) != home for link in links)


def places(name_or_path: str | os.PathLike[str], folder: Path) -> tuple[Path, ...]:
    """Return where a name may lead, the nearest first: into `folder`, along a path, into the box."""
    return folder / name_or_path, Path(name_or_path), PRETRAINED_FOLDER / name_or_path


def find_run(name_or_path: str | os.PathLike[str], folder: Path = DEFAULT_FOLDER) -> Run:
    """Return the run of that name in `folder`, at that path, or in the box.

    Raises:
        InputError: there is none.
    """
    for path in places(name_or_path, folder):
        if (path / "config.json").is_file():
            return Run(path)
        if (path / GROUP_FILE).is_file():
            raise InputError(f"{path} is a group: name one of its runs, such as {path.name}/seed-0")
        if (path / ENSEMBLE_FILE).is_file():
            raise InputError(f"{path} is an ensemble: name a single run")
    known = ", ".join(run.name for run in list_runs(folder)[:8]) or "no runs yet"
    raise InputError(
        f"no run {str(name_or_path)!r} in {folder} ({known}): train one, or name the folder with --runs"
    )


def create(config: Config, folder: Path = DEFAULT_FOLDER, *, overwrite: bool = False) -> Run:
    """Create the folder of a new run and write its config.

    Raises:
        InputError: the folder exists and may not be overwritten, or cannot be written.
    """
    path = folder / config.name
    create_folder(path, "config.json", to_json(config), overwrite=overwrite)
    return Run(path)


def create_folder(path: Path, file: str, content: str, *, overwrite: bool = False) -> None:
    """Create a folder with the one file that says what it is.

    Raises:
        InputError: the folder exists and may not be overwritten, or cannot be written.
    """
    if path.exists() and not overwrite:
        raise InputError(
            f"{path} exists: continue it with --resume, choose another --name, or discard it with --overwrite"
        )
    try:
        if path.exists():
            shutil.rmtree(path)
        path.mkdir(parents=True)
        write_text(path / file, content)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}: choose another folder with --runs") from None


def free_name(name: str, folder: Path = DEFAULT_FOLDER) -> str:
    """Return `name`, or `name-2`, `name-3`, ...: the first that is not taken."""
    return next(n for n in _numbered(name) if not (folder / n).exists())


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1
