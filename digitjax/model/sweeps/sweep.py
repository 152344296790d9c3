"""Sweeps: a search for better hyper-parameters of an experiment by many trainings.

runs/<sweep>/
  sweep.json           the experiment and the search space
  journal.log          the study, unless it is in a database
  trial-0000/ ...      one run folder for each trial
  best.json            the best experiment so far, for `digitjax train`

Any number of workers may call `run` at the same time; they share nothing but the study. Values are sampled by the
tree-structured Parzen estimator (Bergstra et al. 2011) to maximize the validation accuracy.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from digitjax.config import Choice, Float, Int, Sweep, to_json, validate_sweep
from digitjax.config.sweep import Distribution
from digitjax.data import pipeline
from digitjax.errors import InputError
from digitjax.model.sweeps.results import format_params, report
from digitjax.model.sweeps.study import Study, load_optuna
from digitjax.model.training.train import train
from digitjax.runs import DEFAULT_FOLDER, SWEEP_FILE, write_json, write_text
from digitjax.runs.summary import summarize_run


def run(sweep: Sweep, folder: Path = DEFAULT_FOLDER, storage: str | None = None) -> dict[str, Any]:
    """Run the trials of a sweep until all of them are finished or are being run by other workers.

    Args:
        sweep: the experiment and its search space.
        folder: folder of run folders; the folder of the sweep is created in it.
        storage: SQLAlchemy's address of a database, for workers on several machines.

    Returns:
        The results so far as values of JSON: `sweep`, its name; `trials`, the best first, each with `trial`,
        `state`, `accuracy` (validation; the last one of a pruned trial), `seconds`, `params` and `reason`;
        `importances` of the fields (Watanabe et al. 2023, PED-ANOVA; from 10 complete trials on); and `best`, the
        path of best.json.

    Raises:
        InputError: the sweep, the data, the folder or the storage cannot be used.
        Interrupted: on Ctrl-C or SIGTERM; the trial is saved and enqueued again.
    """
    load_optuna()
    validate_sweep(sweep)
    pipeline.load(sweep.base.data)  # before a folder is created, so that nothing is left behind
    path = folder / sweep.name
    if (path / "config.json").exists():
        raise InputError(f"{path} is a run: give the sweep another name")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}: choose another folder with --runs") from None
    with Study(sweep, path, storage) as study:
        write_json(path / SWEEP_FILE, sweep.to_dict())
        study.work(lambda trial: _run_trial(trial, sweep, path), sweep.trials)
        result = report(sweep.name, study.trials(), study.importances())
    return result | {"best": _write_best(sweep, result["trials"], path)}


def _run_trial(trial: Any, sweep: Sweep, folder: Path) -> float:
    """Train with the values of a trial, and return the best validation accuracy."""
    name = trial.user_attrs.get("run", f"trial-{trial.number:04}")
    trial.set_user_attr("run", name)
    params = {field: _suggest(trial, field, distribution) for field, distribution in sweep.space.items()}
    _log(f"{name}  {format_params(params)}")
    try:
        config = sweep.config(name, params)
    except InputError as error:
        _fail(trial, name, error)

    def report(epoch: int, validation: dict[str, float]) -> None:
        trial.report(validation["accuracy"], epoch)
        if epoch < config.training.epochs and trial.should_prune():
            _log(f"{name}  pruned: below the median accuracy of the trials before after epoch {epoch}")
            raise load_optuna().TrialPruned

    resuming = (folder / name / "config.json").exists()  # from a worker that died or was stopped
    try:
        run = train(config, folder, resume=resuming, overwrite=not resuming, on_epoch=report)
    except FloatingPointError as error:
        _fail(trial, name, error)
    accuracy = summarize_run(run).validation_accuracy
    assert accuracy is not None
    return accuracy


def _suggest(trial: Any, field: str, distribution: Distribution) -> Any:
    """Sample the value of a field; of a `Choice` its label."""
    match distribution:
        case Float(low, high, log):
            return trial.suggest_float(field, low, high, log=log)
        case Int(low, high, step):
            return trial.suggest_int(field, low, high, step=step)
        case Choice():
            return trial.suggest_categorical(field, list(distribution.labels))


def _fail(trial: Any, name: str, error: Exception) -> NoReturn:
    """End a trial without a value, as pruned: Optuna's sampler would learn nothing from a failed trial."""
    trial.set_user_attr("reason", str(error))
    _log(f"{name}  failed: {error}")
    raise load_optuna().TrialPruned from error


def _write_best(sweep: Sweep, rows: Sequence[Mapping[str, Any]], folder: Path) -> str | None:
    """Write the best experiment, and return its path; None if no trial is complete."""
    if not rows or rows[0]["state"] != "complete":
        return None
    file = folder / "best.json"
    write_text(file, to_json(sweep.config(f"{sweep.name}-best", rows[0]["params"])))
    return str(file)


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
