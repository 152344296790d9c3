"""The run folder: the paths in it, reading it, and creating it.

runs/<name>/
  config.json          written first; enough to rebuild the model
  environment.json     versions, commit, command line, devices, settings, SHA-256 of the data, steps per epoch
  metrics.jsonl        one line for each logged step
  validation.json      confusion matrix of the last validation: see `digitjax.runs.last_validation`
  calibration.json     temperature and rejection thresholds: see `digitjax.model.calibration`
  model.onnx, model.json   of a packed run: its program, and step and SHA-256: see `digitjax.model.onnx_model`
  failed.json          why the training failed: see `digitjax.runs.status`
  annotations.json     tags and a note of the run: see `digitjax.runs.annotations`
  changes.json         of a resumed run: fields of its config that were changed, such as the epochs, and at which step
  tags.json            tags and notes of single images: see `digitjax.evaluation.tags`
  checkpoints/         full training states: the latest and the best
  weights/             weights alone of every few epochs, with `training.keep_weights_every`
  evaluation/<split>@<step>/   metrics.json, predictions.npz; with test-time augmentation <split>@<step>+<tta>
  evaluation/history/  predictions of the kept weights: see `digitjax.evaluation.history`
  process.json, training.log   of a training started from the dashboard: see `digitjax.runs.jobs`

Groups of seeds and ensembles are in `digitjax.runs.group`.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, Literal, NamedTuple

from digitjax.config import Config, Task, differences, from_json, to_json
from digitjax.errors import InputError, warn
from digitjax.migration import migrate_tta, old_evaluation_folder
from digitjax.runs import manifest
from digitjax.runs.files import read_artifact, read_bytes, read_json, write_text
from digitjax.runs.folders import atomic_folder, require_no_training

DEFAULT_FOLDER = Path("runs")
PRIMARY_METRIC: dict[Task, Literal["accuracy", "error"]] = {
    "classification": "accuracy",
    "reconstruction": "error",
}
"""The metric that models of each task are compared by."""
PRETRAINED_FOLDER = Path(__file__).parents[1] / "pretrained"
"""Pretrained models: packed runs, found by name like all others."""
PRETRAINED = "handwriting"
"""Name of the pretrained model, which reads unless another one is named."""
CHANGES_FILE = "changes.json"
GROUP_FILE = "group.json"
ENSEMBLE_FILE = "ensemble.json"
SWEEP_FILE = "sweep.json"


_MAY_DIFFER = ("name", "data.folder", "data.manual_dir")
"""Fields of a config that may be changed later: a run and its data may be moved."""


class EvaluationKey(NamedTuple):
    """Split, step and test-time augmentation of an evaluation; as a string the name of its folder."""

    split: str
    step: int | str
    """The step of a run; for several runs `best` or `latest`, which each resolves for itself."""
    tta: str = "none"

    def __str__(self) -> str:
        return f"{self.split}@{self.step}" + f"+{self.tta}" * (self.tta != "none")


@dataclass(frozen=True)
class Evaluable:
    """A folder that holds evaluations: that of a run, a group or an ensemble."""

    path: Path

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.name

    @property
    def created(self) -> float:
        """Date in seconds since 1970 of the file that was written first, or of the folder if it has none."""
        for file in ("config.json", GROUP_FILE, ENSEMBLE_FILE):
            with suppress(OSError):
                return (self.path / file).stat().st_mtime
        return self.path.stat().st_mtime

    def evaluation_folder(self, split: str, step: int | str, tta: str = "none") -> Path:
        """Return the folder of an evaluation.

        Args:
            split: the split that was evaluated.
            step: the step of a run; `best` or `latest` of several runs.
            tta: test-time augmentation.
        """
        folder = self.path / "evaluation" / str(EvaluationKey(split, step, tta))
        old = folder.with_name(old_evaluation_folder(folder.name))
        return old if old.exists() and not folder.exists() else folder

    def evaluations(self) -> list[EvaluationKey]:
        """Return all finished evaluations, sorted by split, step and test-time augmentation."""
        names = [file.parent.name for file in self.path.glob("evaluation/*/metrics.json")]
        matches = [re.fullmatch(r"(\w+)@(?:(\d+)|(best|latest))(?:\+(\w+))?", name) for name in names]
        keys = [
            EvaluationKey(split, int(number) if number else name, migrate_tta(tta or "none"))
            for split, number, name, tta in (match.groups() for match in matches if match)
        ]
        return sorted(keys, key=lambda key: (key.split, isinstance(key.step, str), key.step, key.tta))

    def metric(self, name: Literal["accuracy", "error"], split: str, tta: str = "none") -> float | None:
        """Return a metric of the evaluation of the latest step; None if there is no evaluation.

        Args:
            name: of the metric.
            split: the split that was evaluated.
            tta: test-time augmentation.

        Raises:
            InputError: the evaluation is damaged.
        """
        known = self.metric_with_interval(name, split, tta)
        return known[0] if known else None

    def metric_with_interval(
        self, name: Literal["accuracy", "error"], split: str, tta: str = "none"
    ) -> tuple[float, tuple[float, float]] | None:
        """Return a metric as `metric` does, and its 95% confidence interval.

        Args:
            name: of the metric.
            split: the split that was evaluated.
            tta: test-time augmentation.

        Raises:
            InputError: the evaluation is damaged.
        """
        keys = [key for key in self.evaluations() if (key.split, key.tta) == (split, tta)]
        if not keys:
            return None
        file = self.evaluation_folder(*keys[-1]) / "metrics.json"
        summary = read_artifact(file)
        match summary.get(name), summary.get(f"{name}_interval"):
            case float(value), [float(low), float(high)]:
                return value, (low, high)
        raise InputError(f"{file}: its {name} is no number with an interval: evaluate {self.name} again")


@dataclass(frozen=True)
class Run(Evaluable):
    """One run folder; reading a missing or damaged file raises an `InputError` that names it."""

    @property
    def name(self) -> str:
        """Name of the folder; for a member of a group after that of the group: `mnist/seed-0`."""
        folder = self.path.absolute().parent
        return f"{folder.name}/{self.path.name}" if (folder / GROUP_FILE).exists() else self.path.name

    def members(self) -> list["Run"]:
        """Return the run itself, as a group returns its runs."""
        return [self]

    @property
    def checkpoints(self) -> Path:
        """Folder of the full checkpoints."""
        return self.path / "checkpoints"

    @property
    def weights(self) -> Path:
        """Folder of the weights that were kept of some epochs."""
        return self.path / "weights"

    @property
    def metrics_file(self) -> Path:
        """Log of the training, with one JSON object on each line."""
        return self.path / "metrics.jsonl"

    @cached_property
    def config(self) -> Config:
        """The config of the experiment; should config.json have been changed, that of the newest checkpoint."""
        config, problem = self.read_config()
        if problem:
            warn(problem)
        return config

    def read_config(self) -> tuple[Config, str]:
        """Return the config, and what is wrong with config.json, or an empty string.

        Raises:
            InputError: config.json is missing or damaged.
        """
        file = self.path / "config.json"
        config = from_json(read_bytes(file), str(file))
        newest = manifest.find_newest(self.checkpoints)
        if newest and (stored := newest.stored_config()):
            trained = from_json(stored, str(newest.path))
            # Until a resumed run has its first checkpoint, the newest one has the config before.
            may_differ = {*_MAY_DIFFER, *(field for change in self.changes() for field in change["fields"])}
            if changed := [name for name in differences(config, trained) if name not in may_differ]:
                return trained, (
                    f"{file}: {', '.join(changed)} is not as in checkpoint {newest.step}, which is used instead: "
                    "restore the file from a copy"
                )
        return config, ""

    @property
    def environment(self) -> dict[str, Any]:
        """Versions, devices, settings and data of the latest training of this run."""
        return read_json(self.path / "environment.json")

    def changes(self) -> list[dict[str, Any]]:
        """Return the changes of its config when it was resumed, in order.

        Each has the `step` before which it was made, and in `fields` the values before and after by dotted name.
        """
        if not (self.path / CHANGES_FILE).exists():
            return []
        match read_json(self.path / CHANGES_FILE):
            case {"changes": list(changes)}:
                return changes
        raise InputError(f"{self.path / CHANGES_FILE}: it has no list of changes")

    def metrics(self) -> list[dict[str, Any]]:
        """Return the logged lines in order, without a last line that is incomplete.

        Raises:
            InputError: the log cannot be read, or a line of it is damaged.
        """
        lines, problem = self.read_metrics()
        if problem:
            raise InputError(problem)
        return lines

    def read_metrics(self) -> tuple[list[dict[str, Any]], str]:
        """Return the logged lines that are as training writes them, and which are not, or an empty string.

        Raises:
            InputError: the log cannot be read.
        """
        if not self.metrics_file.exists():
            return [], ""
        lines = read_bytes(self.metrics_file).decode(errors="replace").splitlines(keepends=True)
        if lines and not lines[-1].endswith("\n"):
            lines.pop()
        parsed = [_parse_log_line(line) for line in lines]
        damaged = [number for number, line in enumerate(parsed, 1) if line is None]
        return [line for line in parsed if line], describe_damaged_lines(self.metrics_file, damaged)


def _parse_log_line(line: str) -> dict[str, Any] | None:
    """Return a line of a log; None if it lacks what every line has, or has no numbers where metrics are."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    match row:
        case {"step": int(), "epoch": int(), "split": "train" | "validation", "seconds": int() | float()}:
            values = [row.get(name, 0.0) for name in ("loss", "accuracy", "error")]
            values += row.get("accuracy_interval", [])
            return row if all(isinstance(value, int | float) for value in values) else None
    return None


def describe_damaged_lines(file: Path, numbers: Sequence[int]) -> str:
    """Return in one line which lines of a log are damaged; an empty string if none is.

    Args:
        file: the log.
        numbers: of the damaged lines, from 1.
    """
    if not numbers:
        return ""
    more = f" and {len(numbers) - 1:,} more" * (len(numbers) > 1)
    return f"{file}: line {numbers[0]:,}{more} is not as training writes it: delete it"


def create_run(config: Config, folder: Path = DEFAULT_FOLDER, *, overwrite: bool = False) -> Run:
    """Create the folder of a new run and write its config.

    Args:
        config: of the experiment; its name becomes that of the folder.
        folder: of runs, in which it is created.
        overwrite: whether an existing folder of that name is deleted.

    Returns:
        The run, still to be trained.

    Raises:
        InputError: the folder exists and may not be overwritten, or cannot be written.
    """
    path = folder / config.name
    create_folder(path, "config.json", to_json(config), overwrite=overwrite)
    return Run(path)


def create_folder(path: Path, file: str, content: str, *, overwrite: bool = False) -> None:
    """Create a folder with the file that identifies its kind, both or neither.

    Args:
        path: of the folder.
        file: name of the file.
        content: of the file.
        overwrite: whether an existing folder is deleted.

    Raises:
        InputError: the folder exists and may not be overwritten, a run in it is in training, or it cannot be written.
    """
    if path.is_symlink() and overwrite:
        raise InputError(f"{path} is a symbolic link: delete it, or choose another --name")
    require_no_training(path)
    try:
        with atomic_folder(path) as partial:
            if path.exists() and not overwrite:
                raise InputError(
                    f"{path} exists: continue it with --resume, choose another --name, or discard it with --overwrite"
                )
            write_text(partial / file, content)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}: choose another folder with --runs") from None


def free_name(name: str, folder: Path = DEFAULT_FOLDER) -> str:
    """Return the first of `name`, `name-2`, `name-3`, ... that does not exist.

    Args:
        name: of a run, a group or an ensemble.
        folder: of runs.
    """
    return next(numbered for numbered in _numbered(name) if not (folder / numbered).exists())


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in count(2):
        yield f"{name}-{number}"
