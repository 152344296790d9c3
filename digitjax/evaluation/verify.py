"""Verifies every file of a run, a group or an ensemble."""

from pathlib import Path

from digitjax.errors import InputError
from digitjax.evaluation import evaluate
from digitjax.model import calibration
from digitjax.runs import Ensemble, Group, Run, RunEntry, integrity, manifest, summarize_run


def verify(entry: RunEntry) -> list[str]:
    """Return everything that is off in the files of a run, or in those of the runs of a group or an ensemble.

    The SHA-256 of every file of every checkpoint is computed, and every evaluation is read.
    """
    try:
        runs = [entry.member(seed) for seed in entry.seeds()] if isinstance(entry, Group) else entry.members()
    except InputError as error:
        return [str(error)]
    problems = [problem for run in runs for problem in _verify_run(run)]
    if isinstance(entry, Ensemble):
        problems += _verify_evaluations(entry)
    return list(dict.fromkeys(problems))


def _verify_run(run: Run) -> list[str]:
    """Return the problems of a run; where its config cannot be read, that alone."""
    try:
        run.read_config()
    except InputError as error:
        return [str(error)]
    problems = integrity.find_problems(run)
    if problem := summarize_run(run, check=False).problem:
        problems.append(f"{run.path}: {problem}")
    if not run.checkpoints.is_dir() or not any(run.checkpoints.iterdir()):
        problems.append(f"{run.checkpoints}: there is no checkpoint")
    problems += [*_verify_checkpoints(run.checkpoints), *_verify_checkpoints(run.weights)]
    try:
        calibration.find(run, 0)
    except InputError as error:
        problems.append(str(error))
    return problems + _verify_evaluations(run)


def _verify_checkpoints(folder: Path) -> list[str]:
    found, unusable = manifest.find(folder)
    damages = [checkpoint.damage() for checkpoint in found]
    return [*unusable.values(), *(damage for damage in damages if damage)]


def _verify_evaluations(model: Run | Ensemble) -> list[str]:
    problems = []
    for key in model.evaluations():
        try:
            evaluate.read(model, *key)
        except InputError as error:
            problems.append(str(error))
    return problems
