"""What is off in a run folder: files that were changed, cut, lost, or swapped with those of another run.

A training gives its run an id, which every JSON file of the run has, and notes the SHA-256 of environment.json and
metrics.jsonl in finished.json. Files of versions of digitjax that wrote neither are not suspected.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from digitjax.config import Config
from digitjax.errors import InputError, warn
from digitjax.runs import manifest
from digitjax.runs.files import read_sealed, write_sealed
from digitjax.runs.run import Run

FINISHED, ENVIRONMENT, CALIBRATION = "finished.json", "environment.json", "calibration.json"
_FINAL = (ENVIRONMENT, "metrics.jsonl")
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


def write_finished(run: Run, content: dict[str, Any]) -> None:
    """Write finished.json, which marks a run as finished and tells later changes of its files.

    Args:
        run: whose other files are complete.
        content: how far the training came.
    """
    files = {name: manifest.hash_file(run.path / name) for name in _FINAL if (run.path / name).exists()}
    write_sealed(run.path / FINISHED, {**content, "run_id": find_run_id(run), "files": files})


def require_own(run: Run, name: str, content: dict[str, Any]) -> None:
    """Refuse a file that has the id of another run.

    Args:
        run: in whose folder the file is.
        name: path of the file in the folder.
        content: of the file.

    Raises:
        InputError: the ids differ.
    """
    own, other = find_run_id(run), content.get("run_id")
    if own and other and own != other:
        raise InputError(f"{run.path / name}: it is that of another run")


def find_problems(run: Run) -> list[str]:
    """Return what is off in the files of a run, without reading its weights.

    Each problem names the file, what is used instead, and the remedy.
    """
    try:
        config, _ = run.read_config()
    except InputError as error:
        return [str(error)]
    return [*find_file_problems(run), *_check_calibration(run, config), *_check_evaluations(run)]


def find_file_problems(run: Run) -> list[str]:
    """Return what is off in the files that a training writes, without its calibration, which it can fit again.

    Raises:
        InputError: the config is missing or damaged.
    """
    _, problem = run.read_config()
    return [problem] * bool(problem) + [*_check_finished(run), *_check_environment(run)]


def warn_of_problems(run: Run) -> None:
    """Warn of everything that is off in the files of a run, unless its config cannot be read at all."""
    with suppress(InputError):
        run.read_config()
        for problem in find_problems(run):
            warn(problem)


def _check_environment(run: Run) -> Iterator[str]:
    if (run.path / ENVIRONMENT).exists():
        try:
            require_own(run, ENVIRONMENT, run.environment)
        except InputError as error:
            yield f"{error}: its data and its settings are not those of the weights: {_RESTORE}"


def _check_finished(run: Run) -> Iterator[str]:
    if not (run.path / FINISHED).exists():
        return
    try:
        content = read_sealed(run.path / FINISHED)
        require_own(run, FINISHED, content)
    except InputError as error:
        yield f"{error}: the run counts as finished: {_RESTORE}, or write it anew with `digitjax train --resume`"
        return
    files = content.get("files")
    if not isinstance(files, dict):
        yield from _check_last_step(run, content.get("step"))
        return
    for name, sha256 in files.items():
        try:
            if manifest.hash_file(run.path / name) == sha256:
                continue
            problem = f"{run.path / name}: it was changed after the training had finished"
        except InputError as error:
            problem = str(error)
        yield f"{problem}: it is used as it is: {_RESTORE}"


def _check_last_step(run: Run, step: object) -> Iterator[str]:
    """Check a log of a version that noted no SHA-256."""
    try:
        lines = run.metrics()
    except InputError:
        return  # which the summary of the run names
    last = lines[-1]["step"] if lines else 0
    if isinstance(step, int) and isinstance(last, int) and last + run.config.training.log_every <= step:
        yield f"{run.metrics_file}: it ends at step {last}, the training at {step}: it is used as it is: {_RESTORE}"


def _check_evaluations(run: Run) -> Iterator[str]:
    for key in run.evaluations():
        file = run.evaluation_folder(*key) / "metrics.json"
        try:
            require_own(run, str(file.relative_to(run.path)), read_sealed(file))
        except InputError as error:
            yield f"{error}: evaluate {run.name} again"


def _check_calibration(run: Run, config: Config) -> Iterator[str]:
    finished = (run.path / FINISHED).exists()
    if not finished or config.task != "classification" or config.data.refit:
        return
    remedy = f"run `digitjax calibrate {run.name}`"
    if not (run.path / CALIBRATION).exists():
        yield f"{run.path / CALIBRATION} is missing: probabilities are used uncalibrated: {remedy}"
        return
    try:
        require_own(run, CALIBRATION, read_sealed(run.path / CALIBRATION))
    except InputError as error:
        yield f"{error}: {remedy} again"
