"""The Optuna study that the workers of a sweep share, and what becomes of the trials of workers that die.

A trial that Optuna calls FAIL is an attempt that did not end: its worker died or was stopped. It does not count.
Its values go back into the queue, or else a new trial takes its place, so that as many trials are finished as
were asked for. Which ones are surplus when several workers ask at once is decided by their numbers alone.

By default the study is a journal in the sweep's folder, and each worker holds a lock on a file of its own there,
which the kernel takes away when the worker dies. A study in a database may have workers on machines that see no
common folder: there a worker is dead when its heartbeat stops.
"""

import datetime
import fcntl
import json
import os
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from digitjax.config import Sweep, differences, from_json
from digitjax.errors import InputError

HEARTBEAT, GRACE = 30, 120  # seconds
_CLAIM = datetime.timedelta(seconds=60)  # far longer than it takes to sign a trial
_LOSSES = 3  # after as many deaths of its workers a trial's values are given up, since they may be the cause


class FileLock:
    """A lock on a file, which the kernel releases when its holder ends, even by kill -9."""

    def __init__(self, path: Path):
        self._path = path

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._file = self._path.open("ab+")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        """Give the lock back."""
        self._file.close()

    def __enter__(self) -> "FileLock":
        self.acquire()
        return self

    def __exit__(self, *error: object) -> None:
        self.release()


class JournalLock(FileLock):
    """What Optuna's journal is written under. Optuna's own locks outlive a killed process by half a minute."""

    def acquire(self) -> bool:
        """Wait for the lock, then cut off the last line if its writer was killed halfway: no reader takes it."""
        super().acquire()
        if end := self._file.seek(0, os.SEEK_END):
            self._file.seek(end - 1)
            if self._file.read(1) != b"\n":
                self._file.seek(0)
                self._file.truncate(self._file.read().rfind(b"\n") + 1)
        return True


class Study:
    """One worker's view of a study; use it in a `with` statement."""

    def __init__(self, sweep: Sweep, folder: Path, url: str | None = None):
        """Open a study, or create it.

        Args:
            sweep: what it is about.
            folder: an existing folder, for the journal and the locks.
            url: SQLAlchemy's address of a database, in place of the journal.

        Raises:
            InputError: Optuna is missing, the storage cannot be used, or it holds another sweep of that name.
        """
        self._optuna = optuna = load_optuna()
        self._workers = folder / ".workers"
        self._workers.mkdir(exist_ok=True)
        self._name = uuid.uuid4().hex
        self._lock = FileLock(self._workers / self._name)
        self._database = url is not None
        place = folder / "journal.log" if url is None else f"--storage {url.partition(':')[0]}"
        try:
            with FileLock(folder / ".lock"):  # SQLite, for one, fails if two create its tables at once
                self._study = optuna.create_study(
                    study_name=sweep.name,
                    storage=_journal(optuna, folder / "journal.log") if url is None else _rdb(optuna, url),
                    direction="maximize",
                    pruner=_pruner(optuna, sweep),
                    load_if_exists=True,
                )
        except Exception as error:  # each database has its own
            reason = str(error).partition("\n")[0]
            raise InputError(f"{place}: it cannot be used ({type(error).__name__}: {reason})") from error
        self._require_same(sweep, folder)

    def __enter__(self) -> "Study":
        self._lock.acquire()
        return self

    def __exit__(self, *error: object) -> None:
        self._lock.release()
        (self._workers / self._name).unlink()

    def trials(self) -> list[Any]:
        """Return the trials that count, as Optuna's `FrozenTrial`, in the order of their numbers."""
        return [t for t in self._study.get_trials() if t.state.name != "FAIL"]

    def importances(self) -> dict[str, float]:
        """Return each field's share in what sets the best tenth of the complete trials apart, if there is one."""
        if sum(trial.state.name == "COMPLETE" for trial in self.trials()) < 10:
            return {}
        return self._optuna.importance.get_param_importances(self._study)

    def work(self, objective: Callable[[Any], float], trials: int) -> None:
        """Try values until this many trials are finished, or are being worked on by others.

        Args:
            objective: from an Optuna `Trial` to its value. `optuna.TrialPruned` ends the trial alone; any
                other exception ends the work, and puts the trial back into the queue.
            trials: those of all workers together.
        """

        def signed(trial: Any) -> float:
            trial.set_user_attr("worker", self._name)
            if sum(other.number < trial.number for other in self.trials()) >= trials:
                raise _Surplus
            return objective(trial)

        while True:
            self._requeue_lost()
            if sum(trial.state.name != "WAITING" for trial in self.trials()) >= trials:
                return
            try:
                self._study.optimize(signed, n_trials=1, catch=(_Surplus,), gc_after_trial=True)
            except BaseException as error:
                if str(error).startswith("Cannot tell a FAIL"):
                    continue  # this machine slept, and another worker was given the trial
                self._put_back()
                raise

    def _put_back(self) -> None:
        """Queue the trial that this worker leaves unfinished."""
        mine = [t for t in self._study.get_trials() if t.user_attrs.get("worker") == self._name]
        if mine and mine[-1].state.name == "FAIL":
            _enqueue(self._study, mine[-1], **mine[-1].user_attrs)

    def _requeue_lost(self) -> None:
        """Queue the trials whose workers are dead."""
        if self._database:
            with warnings.catch_warnings(
                category=self._optuna.exceptions.ExperimentalWarning, action="ignore"
            ):
                self._optuna.storages.fail_stale_trials(self._study)
            return
        for trial in self._study.get_trials(states=[self._optuna.trial.TrialState.RUNNING]):
            if self._alive(trial):
                continue
            try:
                self._study.tell(trial.number, state=self._optuna.trial.TrialState.FAIL)
            except (ValueError, self._optuna.exceptions.UpdateFinishedTrialError):
                continue  # another worker was faster
            _enqueue_lost(self._study, trial, **trial.user_attrs)

    def _alive(self, trial: Any) -> bool:
        """Whether the worker of a running trial still holds its lock."""
        if "worker" not in trial.user_attrs:
            return datetime.datetime.now() - trial.datetime_start < _CLAIM
        try:
            with (self._workers / trial.user_attrs["worker"]).open("rb+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:  # it ended by itself
            return False
        except BlockingIOError:
            return True
        return False

    def _require_same(self, sweep: Sweep, folder: Path) -> None:
        """Refuse to mix trials of different experiments, or of different ranges, in one study."""
        strays = any(folder.glob("trial-*"))
        if strays and not self._study.get_trials():
            raise InputError(
                f"{folder}: it holds trials of another study: move it away, or choose another --runs"
            )
        ours, theirs = sweep.to_dict(), self._study.user_attrs.get("sweep")
        if theirs is None:
            self._study.set_user_attr("sweep", ours)
            return
        bases = [from_json(json.dumps(content["base"]), str(folder)) for content in (ours, theirs)]
        changed = [f"base.{field}" for field in differences(*bases) if field != "name"]
        fields = sorted(ours["space"].keys() | theirs["space"].keys())
        changed += [
            f"space.{field}" for field in fields if ours["space"].get(field) != theirs["space"].get(field)
        ]
        if changed:
            raise InputError(
                f"{folder}: its trials were made with another {changed[0]}: give the sweep another name, or "
                f"{'delete its study from the database' if self._database else 'remove the folder'}"
            )


class _Surplus(Exception):  # noqa: N818
    """Enough trials with lower numbers are there, or under way."""


def load_optuna() -> Any:
    """Return the module `optuna`, quietened.

    Raises:
        InputError: it is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise InputError("a sweep needs Optuna: pip install 'digitjax[sweep]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _journal(optuna: Any, path: Path) -> Any:
    journal = optuna.storages.journal
    return journal.JournalStorage(journal.JournalFileBackend(str(path), lock_obj=JournalLock(path)))


def _rdb(optuna: Any, url: str) -> Any:
    with warnings.catch_warnings(category=optuna.exceptions.ExperimentalWarning, action="ignore"):
        return optuna.storages.RDBStorage(
            url,
            heartbeat_interval=HEARTBEAT,
            grace_period=GRACE,
            heartbeat_stale_trial_callback=_enqueue_lost,  # to a new folder: its worker may only be asleep
        )


def _pruner(optuna: Any, sweep: Sweep) -> Any:
    if sweep.prune_after is None:
        return optuna.pruners.NopPruner()
    return optuna.pruners.MedianPruner(n_warmup_steps=sweep.prune_after)


def _enqueue(study: Any, trial: Any, **attributes: Any) -> None:
    """Queue the values of a trial, which are drawn anew if it was lost before it had them."""
    attributes.pop("worker", None)
    study.enqueue_trial(trial.params, attributes)


def _enqueue_lost(study: Any, trial: Any, **attributes: Any) -> None:
    """Queue a trial whose worker died, unless that happened too often."""
    losses = trial.user_attrs.get("losses", 0) + 1
    if losses < _LOSSES:
        _enqueue(study, trial, **{**attributes, "losses": losses})
