"""Renaming, deleting and restoring runs, groups and ensembles.

RUNS/.trash/<nanoseconds since 1970>/<name>   what was deleted then, as it was
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from digitjax.config import Config, validate
from digitjax.errors import InputError
from digitjax.runs.files import read_json, read_sealed, to_sealed_json, write_text
from digitjax.runs.folders import require_no_training, training_lock
from digitjax.runs.group import Ensemble, RunEntry, list_entries, open_entry
from digitjax.runs.run import ENSEMBLE_FILE, GROUP_FILE, PRETRAINED_FOLDER, SWEEP_FILE, Run
from digitjax.runs.status import is_training
from digitjax.signals import cleaning_up

TRASH = ".trash"


@dataclass(frozen=True)
class DeletedEntry:
    """A run, a group or an ensemble in the trash of a folder of runs."""

    path: Path

    @property
    def name(self) -> str:
        """Name that it had."""
        return self.path.name

    @property
    def folder(self) -> Path:
        """Folder of runs that it was in."""
        return self.path.parents[2]

    @property
    def deleted(self) -> float:
        """When it was deleted, in seconds since 1970."""
        return int(self.path.parent.name) / 1e9


def rename(entry: RunEntry, name: str) -> RunEntry:
    """Rename a run, a group or an ensemble; ensembles in the same folder that have it as a member are updated.

    Args:
        entry: which is not in training.
        name: the new name.

    Returns:
        The entry under its new name.

    Raises:
        InputError: the name is taken or cannot be one, the entry is in training, damaged, part of another or of the
            package, or the folder cannot be written.
    """
    path = require_own(entry)
    target = path.with_name(validate(Config(name=name), "run").name)
    with _held(path, target), _undoing() as undo, _naming(path):
        for file, text in _rename_inside(entry, path, target).items():
            undo.append(partial(_rewrite, file, file.read_text()))
            _rewrite(file, text)
        path.rename(target)  # the last step, so that the same command does the rest where it is killed before
        undo.clear()
    return open_entry(entry.path.with_name(target.name))


def delete(entry: RunEntry) -> DeletedEntry:
    """Move a run, a group or an ensemble into the trash of its folder.

    Args:
        entry: which is not in training.

    Returns:
        What `restore` takes.

    Raises:
        InputError: the entry is in training, a member of an ensemble, part of another or of the package, or the
            folder cannot be written.
    """
    path = require_own(entry)
    if names := [ensemble.name for ensemble, _ in _find_ensembles(path)]:
        raise InputError(f"{entry.path} is a member of the ensemble {names[0]}: delete that first")
    target = entry.path.parent / TRASH / str(time.time_ns()) / path.name
    with _held(path), _naming(path):
        target.parent.mkdir(parents=True)
        path.rename(target)
    return DeletedEntry(target)


def restore(deleted: DeletedEntry) -> RunEntry:
    """Move what was deleted back into the folder of runs, under its old name.

    Raises:
        InputError: the name is taken meanwhile, or the folder cannot be written.
    """
    target = deleted.folder / deleted.name
    with _held(deleted.path, target), _naming(deleted.path):
        deleted.path.rename(target)
    with suppress(OSError):  # the trash is not empty
        deleted.path.parent.rmdir()
        deleted.path.parents[1].rmdir()
    return open_entry(target)


def list_deleted(folder: Path) -> list[DeletedEntry]:
    """Return what is in the trash of a folder of runs, the latest first."""
    paths = [path for path in folder.glob(f"{TRASH}/*/*") if path.parent.name.isdecimal()]
    return sorted(
        map(DeletedEntry, (path for path in paths if not path.name.startswith("."))),
        key=lambda entry: entry.deleted,
        reverse=True,
    )


def find_deleted(name: str, folder: Path) -> DeletedEntry:
    """Return what was deleted last under a name.

    Args:
        name: that it had.
        folder: of runs.

    Raises:
        InputError: there is none.
    """
    deleted = list_deleted(folder)
    for entry in deleted:
        if entry.name == name:
            return entry
    known = ", ".join(dict.fromkeys(entry.name for entry in deleted[:8])) or "it is empty"
    raise InputError(f"no deleted run {name!r} in {folder / TRASH} ({known})")


# --------------------------------------------------------------------------------------- what is refused


def require_own(entry: RunEntry) -> Path:
    """Return the absolute path of an entry, which must be no part of another or of the package, and no link.

    Raises:
        InputError: the message says what it is.
    """
    path = entry.path.absolute()
    if path.parent == PRETRAINED_FOLDER.absolute():
        raise InputError(f"{entry.name} is a pretrained model, which is part of the package")
    if path.is_symlink():
        raise InputError(f"{entry.path} is a symbolic link: rename or delete the link itself")
    for file, kind in ((GROUP_FILE, "group"), (SWEEP_FILE, "sweep")):
        if (path.parent / file).exists():
            raise InputError(f"{entry.path} is part of the {kind} {path.parent.name}, which names it")
    return path


@contextmanager
def _held(path: Path, target: Path | None = None) -> Iterator[None]:
    """Keep trainings out of a folder, and out of the one that it becomes, which must not exist."""
    # The process of a job that has just started does not hold the lock yet.
    for run in map(Run, (path, *path.glob("seed-*"))):
        if is_training(run):
            raise InputError(f"{run.path} is in training: stop it first, or wait until it is finished")
    with training_lock(path):
        require_no_training(path)
        if target is None:
            yield
            return
        with training_lock(target):
            if os.path.lexists(target):
                raise InputError(f"{target} exists: choose another name, or rename that one first")
            yield


# ------------------------------------------------------------------------------------ changes of files


def _rename_inside(entry: RunEntry, path: Path, target: Path) -> dict[Path, str]:
    """Return the new content of each file that has the name of an entry."""
    changed = {}
    if isinstance(entry, Run):
        config = read_json(path / "config.json")
        changed[path / "config.json"] = json.dumps({**config, "name": target.name}, indent=2) + "\n"
    for ensemble, members in _find_ensembles(path):
        paths = [
            os.path.relpath(target / Path(member).relative_to(path), path.parent)
            if Path(member).is_relative_to(path)
            else os.path.relpath(member, path.parent)
            for member in members
        ]
        file = ensemble.path / ENSEMBLE_FILE
        changed[file] = to_sealed_json({**read_sealed(file), "members": paths})
    return changed


def _find_ensembles(path: Path) -> list[tuple[Ensemble, list[str]]]:
    """Return the ensembles beside an entry that have it, or a run in it, as a member; with their members' paths."""
    found = []
    for ensemble in list_entries(path.parent):
        if isinstance(ensemble, Ensemble):
            with suppress(InputError):  # its ensemble.json is damaged
                members = [os.path.normpath(path.parent / member) for member in ensemble.member_paths()]
                if any(Path(member).is_relative_to(path) for member in members):
                    found.append((ensemble, members))
    return found


def _rewrite(file: Path, text: str) -> None:
    """Replace a file, and keep its date, by which runs are sorted."""
    before = file.stat()
    write_text(file, text)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@contextmanager
def _undoing() -> Iterator[list[Callable[[], None]]]:
    """Yield a list of functions that are called, the latest first, where the `with` block leaves them in it."""
    undo: list[Callable[[], None]] = []
    with cleaning_up(lambda: [function() for function in reversed(undo)]):
        yield undo


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name a path in errors of the disk."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
