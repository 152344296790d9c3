"""The Optuna study that the workers of a sweep share, and the recovery of trials whose worker died.

A trial in Optuna's state FAIL was not finished, since its worker died or was stopped, and does not count: its values
are enqueued again, or a new trial takes its place, until the requested number of trials is finished. If several
workers start trials at once, those with the highest numbers are surplus.

By default the study is a journal in the folder of the sweep, and each worker holds a lock on a file of its own there,
which the kernel releases when the worker dies. A study in a database may have workers on machines without a common
folder: there a worker is dead when its heartbeat stops.
"""

import datetime
import json
import os
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from digitjax.config import Sweep, differences, from_json
from digitjax.errors import InputError

HEARTBEAT, GRACE = 30, 120
"""Interval of the heartbeats of a worker on a database, and the time without one after which it is dead; seconds."""
CLAIM_TIMEOUT = datetime.timedelta(seconds=60)
"""Time after which a trial without the name of a worker has lost it; to write the name takes milliseconds."""
MAX_LOSSES = 3
"""Workers that may die with the same values before these are given up, since they may be the cause."""
LOCK_POLL_INTERVAL = 0.005
"""Seconds between two attempts to lock the journal, which is held for milliseconds."""


class JournalLock:
    """The lock under which Optuna's journal is written; Optuna's own locks outlive a killed process by 30 seconds."""

    def __init__(self, journal: Path):
        self._journal = journal
        self._lock = FileLock(journal.with_name(".journal.lock"))

    def acquire(self) -> bool:
        """Wait for the lock, then cut off the last line if its writer was killed before its end."""
        self._lock.acquire(poll_interval=LOCK_POLL_INTERVAL)
        with self._journal.open("ab+") as file:
            if end := file.seek(0, os.SEEK_END):
                file.seek(end - 1)
                if file.read(1) != b"\n":
                    file.seek(0)
                    file.truncate(file.read().rfind(b"\n") + 1)
        return True

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()


class Study:
    """The study as one worker uses it, in a `with` statement."""

    def __init__(self, sweep: Sweep, folder: Path, url: str | None = None):
        """Open a study, or create it.

        Args:
            sweep: the sweep of the study.
            folder: existing folder of the journal and the locks.
            url: SQLAlchemy's address of a database, instead of the journal.

        Raises:
            InputError: Optuna is missing, the storage cannot be used, or it holds another sweep of this name.
        """
        self._optuna = optuna = load_optuna()
        self._workers = folder / ".workers"
        self._workers.mkdir(exist_ok=True)
        self._name = uuid.uuid4().hex
        self._lock = FileLock(self._workers / self._name)
        self._database = url is not None
        storage = folder / "journal.log" if url is None else f"--storage {url.partition(':')[0]}"
        try:
            with FileLock(folder / ".lock"):  # SQLite fails if two processes create its tables at once
                self._study = optuna.create_study(
                    study_name=sweep.name,
                    storage=_journal(optuna, folder / "journal.log") if url is None else _rdb(optuna, url),
                    direction="maximize",
                    pruner=_pruner(optuna, sweep),
                    load_if_exists=True,
                )
        except Exception as error:  # every database raises its own
            reason = str(error).partition("\n")[0]
            raise InputError(f"{storage}: it cannot be used ({type(error).__name__}: {reason})") from error
        self._require_same(sweep, folder)

    def __enter__(self) -> "Study":
        self._lock.acquire()
        return self

    def __exit__(self, *error: object) -> None:
        self._lock.release()
        (self._workers / self._name).unlink(missing_ok=True)

    def trials(self) -> list[Any]:
        """Return the trials that count, Optuna's `FrozenTrial`, in the order of their numbers."""
        return find_trials(self._study)

    def importances(self) -> dict[str, float]:
        """Return the importance of each field (PED-ANOVA), or nothing with fewer than 10 complete trials."""
        return find_importances(self._study)

    def work(self, objective: Callable[[Any], float], trials: int) -> None:
        """Run trials until this many are finished, or are being run by other workers.

        Args:
            objective: function from an Optuna `Trial` to its value. `optuna.TrialPruned` ends the trial alone; any
                other exception ends the work, and enqueues the trial again.
            trials: number of trials of all workers together.
        """

        def claim_and_run(trial: Any) -> float:
            trial.set_user_attr("worker", self._name)
            if sum(other.number < trial.number for other in self.trials()) >= trials:
                raise _Surplus
            return objective(trial)

        while True:
            self._enqueue_lost_trials()
            if sum(trial.state.name != "WAITING" for trial in self.trials()) >= trials:
                return
            try:
                self._study.optimize(claim_and_run, n_trials=1, catch=(_Surplus,), gc_after_trial=True)
            except BaseException as error:
                if str(error).startswith("Cannot tell a FAIL"):
                    continue  # this machine slept, and another worker took the trial over
                self._enqueue_unfinished()
                raise

    def _enqueue_unfinished(self) -> None:
        """Enqueue the trial that this worker leaves unfinished."""
        own = [trial for trial in self._study.get_trials() if trial.user_attrs.get("worker") == self._name]
        if own and own[-1].state.name == "FAIL":
            _enqueue(self._study, own[-1], **own[-1].user_attrs)

    def _enqueue_lost_trials(self) -> None:
        """Enqueue the trials of dead workers again."""
        if self._database:
            with warnings.catch_warnings(
                category=self._optuna.exceptions.ExperimentalWarning, action="ignore"
            ):
                self._optuna.storages.fail_stale_trials(self._study)
            return
        for trial in self._study.get_trials(states=[self._optuna.trial.TrialState.RUNNING]):
            if self._is_alive(trial):
                continue
            try:
                self._study.tell(trial.number, state=self._optuna.trial.TrialState.FAIL)
            except (ValueError, self._optuna.exceptions.UpdateFinishedTrialError):
                continue  # another worker was faster
            _enqueue_lost(self._study, trial, **trial.user_attrs)

    def _is_alive(self, trial: Any) -> bool:
        """Whether the worker of a running trial still holds its lock."""
        if "worker" not in trial.user_attrs:
            return datetime.datetime.now() - trial.datetime_start < CLAIM_TIMEOUT
        file = self._workers / trial.user_attrs["worker"]
        if not file.exists():  # the worker ended by itself
            return False
        try:
            with FileLock(file, blocking=False):
                file.unlink(missing_ok=True)
        except Timeout:
            return True
        return False

    def _require_same(self, sweep: Sweep, folder: Path) -> None:
        """Refuse to mix trials of different experiments, or of different ranges, in one study."""
        if any(folder.glob("trial-*")) and not self._study.get_trials():
            raise InputError(
                f"{folder}: it holds trials of another study: move it away, or choose another --runs"
            )
        content, stored = sweep.to_dict(), self._study.user_attrs.get("sweep")
        if stored is None:
            self._study.set_user_attr("sweep", content)
            return
        bases = [from_json(json.dumps(part["base"]), str(folder)) for part in (content, stored)]
        changed = [f"base.{field}" for field in differences(*bases) if field != "name"]
        fields = sorted(content["space"].keys() | stored["space"].keys())
        changed += [
            f"space.{field}" for field in fields if content["space"].get(field) != stored["space"].get(field)
        ]
        if changed:
            raise InputError(
                f"{folder}: its trials have another {changed[0]}: give the sweep another name, or "
                f"{'delete its study from the database' if self._database else 'remove the folder'}"
            )


class _Surplus(Exception):  # noqa: N818
    """Enough trials with lower numbers are finished or running."""


def load_optuna() -> Any:
    """Return the module `optuna`, which then logs errors alone.

    Raises:
        InputError: it is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise InputError("a sweep needs Optuna: pip install 'digitjax[sweep]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def open_journal(folder: Path, name: str) -> Any:
    """Open the study in the journal of a sweep, to be read.

    Args:
        folder: of the sweep.
        name: of the study.

    Returns:
        Optuna's study.

    Raises:
        InputError: Optuna is missing, or there is no journal, or it is damaged.
    """
    optuna, file = load_optuna(), folder / "journal.log"
    if not file.exists():
        raise InputError(f"{file}: it is missing: the study of this sweep is in a database")
    try:
        return optuna.load_study(study_name=name, storage=_journal(optuna, file))
    except Exception as error:  # as in `Study`
        raise InputError(f"{file}: it cannot be used ({type(error).__name__}: {error})") from error


def find_trials(study: Any) -> list[Any]:
    """Return the trials of Optuna's study that count, in the order of their numbers."""
    return [trial for trial in study.get_trials() if trial.state.name != "FAIL"]


def find_importances(study: Any) -> dict[str, float]:
    """Return the importance of each field (PED-ANOVA), or nothing with fewer than 10 complete trials."""
    if sum(trial.state.name == "COMPLETE" for trial in find_trials(study)) < 10:
        return {}
    return load_optuna().importance.get_param_importances(study)


def _journal(optuna: Any, path: Path) -> Any:
    journal = optuna.storages.journal
    return journal.JournalStorage(journal.JournalFileBackend(str(path), lock_obj=JournalLock(path)))


def _rdb(optuna: Any, url: str) -> Any:
    with warnings.catch_warnings(category=optuna.exceptions.ExperimentalWarning, action="ignore"):
        return optuna.storages.RDBStorage(
            url,
            heartbeat_interval=HEARTBEAT,
            grace_period=GRACE,
            heartbeat_stale_trial_callback=_enqueue_lost,  # in a new run folder: its worker may only sleep
        )


def _pruner(optuna: Any, sweep: Sweep) -> Any:
    if sweep.prune_after is None:
        return optuna.pruners.NopPruner()
    return optuna.pruners.MedianPruner(n_warmup_steps=sweep.prune_after)


def _enqueue(study: Any, trial: Any, **attributes: Any) -> None:
    """Enqueue the values of a trial; if it was lost before it had any, they are sampled anew."""
    attributes.pop("worker", None)
    study.enqueue_trial(trial.params, attributes)


def _enqueue_lost(study: Any, trial: Any, **attributes: Any) -> None:
    """Enqueue a trial whose worker died, unless that happened too often."""
    losses = trial.user_attrs.get("losses", 0) + 1
    if losses < MAX_LOSSES:
        _enqueue(study, trial, **{**attributes, "losses": losses})
