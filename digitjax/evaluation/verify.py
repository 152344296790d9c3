"""Verifies every file of a run, a group or an ensemble."""

from collections.abc import Callable
from pathlib import Path

from digitjax.errors import InputError
from digitjax.evaluation import evaluate, history
from digitjax.model import calibration, onnx_model
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
    if not isinstance(entry, Run):
        problems += integrity.find_evaluation_problems(entry)
    if isinstance(entry, Ensemble):
        problems += _verify_predictions(entry)
    return list(dict.fromkeys(problems))


def _verify_run(run: Run) -> list[str]:
    """Return the problems of a run; where its config cannot be read, that alone."""
    if reason := _find_reason(run.read_config):
        return reason
    problems = integrity.find_problems(run)
    if obstacle := summarize_run(run, check=False).obstacle:
        problems.append(f"{run.path}: {obstacle}")
    if not run.checkpoints.is_dir() or not any(run.checkpoints.iterdir()):
        problems.append(f"{run.checkpoints}: there is no checkpoint")
    problems += [*_verify_checkpoints(run.checkpoints), *_verify_checkpoints(run.weights)]
    if (run.path / onnx_model.RECORD).exists() or (run.path / onnx_model.FILE).exists():
        problems += _find_reason(onnx_model.read_record, run)
    return problems + _find_reason(calibration.find, run, 0) + _verify_predictions(run)


def _verify_checkpoints(folder: Path) -> list[str]:
    found, unusable = manifest.find(folder)
    damages = [checkpoint.damage() for checkpoint in found]
    return [*unusable.values(), *(damage for damage in damages if damage)]


def _verify_predictions(model: Run | Ensemble) -> list[str]:
    problems = [reason for key in model.evaluations() for reason in _find_reason(evaluate.read, model, *key)]
    if isinstance(model, Run) and history.history_folder(model).exists():
        problems += _find_reason(history.read, model)
    return problems


def _find_reason(read: Callable[..., object], *arguments: object) -> list[str]:
    """Return why something cannot be read, if it cannot."""
    try:
        read(*arguments)
    except InputError as error:
        return [str(error)]
    return []
