"""What is off in a run folder: files that were changed, cut, lost, or swapped with those of another run.

A training gives its run an id, which every JSON file of the run has, and notes the SHA-256 of environment.json and
metrics.jsonl in finished.json. Files of versions of digitjax that wrote neither are not suspected.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from digitjax.config import Config
from digitjax.errors import InputError, warn
from digitjax.runs import manifest
from digitjax.runs.files import read_artifact, write_sealed
from digitjax.runs.run import CHANGES_FILE, Evaluable, Run

FINISHED, ENVIRONMENT, CALIBRATION = "finished.json", "environment.json", "calibration.json"
FINAL = (ENVIRONMENT, CHANGES_FILE, "metrics.jsonl")
"""Files that do not change once a training has finished; every checkpoint has the config itself."""
_RESTORE = "restore it from a copy"


def find_run_id(run: Run) -> str:
    """Return the id that the training gave to a run, as its newest checkpoint has it; empty if there is none."""
    newest = manifest.find_newest(run.checkpoints)
    if newest is not None:
        return newest.run_id
    try:
        return str(run.environment.get("run_id", ""))
    except InputError:
        return ""


def write_own(model: Evaluable, file: Path, content: dict[str, Any], beside: Iterable[str] = ()) -> None:
    """Write a JSON file so that `read_own` can tell whether it was changed, or is that of another run.

    Args:
        model: whose file it is.
        file: which is replaced if it exists.
        content: what `json.dumps` accepts.
        beside: names of files in the same folder, whose SHA-256 is noted for `find_changed` where they exist.
    """
    paths = [path for name in beside if (path := file.with_name(name)).exists()]
    own = {"run_id": find_run_id(model)} if isinstance(model, Run) else {}
    files = {"files": {path.name: manifest.hash_file(path) for path in paths}} if paths else {}
    write_sealed(file, {**content, **own, **files})


def read_own(model: Evaluable, file: Path) -> dict[str, Any]:
    """Read what `write_own` wrote, or any earlier version of digitjax.

    Args:
        model: whose file it should be.
        file: to read.

    Returns:
        The content without the id of the run.

    Raises:
        InputError: the file is missing, damaged, changed, or that of another run.
    """
    content = read_artifact(file)
    own, other = find_run_id(model) if isinstance(model, Run) else "", content.pop("run_id", "")
    if own and other and own != other:
        raise InputError(f"{file}: it is that of another run")
    return content


def find_changed(folder: Path, files: object) -> Iterator[str]:
    """Yield what is wrong with files that are not as `write_own` noted them.

    Args:
        folder: of the files.
        files: SHA-256 of each file by its name; nothing else is of use, as of earlier versions.
    """
    for name, sha256 in files.items() if isinstance(files, dict) else ():
        try:
            if manifest.hash_file(folder / name) != sha256:
                yield f"{folder / name}: it is not what was written"
        except InputError as error:
            yield str(error)


def find_problems(run: Run) -> list[str]:
    """Return what is off in the files of a run, without reading its weights.

    Each problem names the file, what is used instead, and the remedy.
    """
    try:
        config, _ = run.read_config()
    except InputError as error:
        return [str(error)]
    return [
        *find_file_problems(run),
        *_check_calibration(run, config),
        *find_evaluation_problems(run),
    ]


def find_file_problems(run: Run) -> list[str]:
    """Return what is off in the files that a training writes, without its calibration, which it can fit again.

    Raises:
        InputError: the config is missing or damaged.
    """
    _, problem = run.read_config()
    return [problem] * bool(problem) + [*_check_finished(run), *_check_environment(run), *_check_weights(run)]


def find_evaluation_problems(model: Evaluable) -> Iterator[str]:
    """Yield what is off in the results in the folder of a run, a group or an ensemble, without their arrays."""
    for folder in sorted(model.path.glob("evaluation/[!.]*/")):
        files = sorted(folder.glob("*.json"))
        if not files:
            yield f"{folder}: its results are missing: evaluate {model.name} again"
        for file in files:
            try:
                read_own(model, file)
            except InputError as error:
                yield f"{error}: evaluate {model.name} again"


def warn_of_problems(run: Run) -> None:
    """Warn of everything that is off in the files of a run, unless its config cannot be read at all."""
    with suppress(InputError):
        run.read_config()
        for problem in find_problems(run):
            warn(problem)


def _check_environment(run: Run) -> Iterator[str]:
    if (run.path / ENVIRONMENT).exists():
        try:
            read_own(run, run.path / ENVIRONMENT)
        except InputError as error:
            yield f"{error}: its data and its settings are not those of the weights: {_RESTORE}"


def _check_weights(run: Run) -> Iterator[str]:
    newest, own = manifest.find_newest(run.weights), find_run_id(run)
    if own and newest and newest.run_id not in ("", own):
        yield f"{newest.path}: its weights are those of another run, which --step {newest.step} uses: {_RESTORE}"


def _check_finished(run: Run) -> Iterator[str]:
    if not (run.path / FINISHED).exists():
        return
    try:
        content = read_own(run, run.path / FINISHED)
    except InputError as error:
        yield f"{error}: the run counts as finished: {_RESTORE}, or write it anew with `digitjax train --resume`"
        return
    if "files" in content:
        for problem in find_changed(run.path, content["files"]):
            yield f"{problem}: it is used as it is: {_RESTORE}"
    else:
        yield from _check_last_step(run, content.get("step"))


def _check_last_step(run: Run, step: object) -> Iterator[str]:
    """Check a log of a version that noted no SHA-256."""
    try:
        lines = run.metrics()
    except InputError:
        return  # which the summary of the run names
    last = lines[-1]["step"] if lines else 0
    if isinstance(step, int) and isinstance(last, int) and last + run.config.training.log_every <= step:
        yield f"{run.metrics_file}: it ends at step {last}, the training at {step}: it is used as it is: {_RESTORE}"


def _check_calibration(run: Run, config: Config) -> Iterator[str]:
    finished = (run.path / FINISHED).exists()
    if not finished or config.task != "classification" or config.data.refit:
        return
    remedy = f"run `digitjax calibrate {run.name}`"
    if not (run.path / CALIBRATION).exists():
        yield f"{run.path / CALIBRATION} is missing: probabilities are used uncalibrated: {remedy}"
        return
    try:
        read_own(run, run.path / CALIBRATION)
    except InputError as error:
        yield f"{error}: {remedy} again"
