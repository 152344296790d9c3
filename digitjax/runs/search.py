"""Finding and listing the runs of a folder."""

import os
from pathlib import Path

from digitjax.errors import InputError
from digitjax.runs import integrity
from digitjax.runs.run import (
    DEFAULT_FOLDER,
    ENSEMBLE_FILE,
    GROUP_FILE,
    PRETRAINED_FOLDER,
    SWEEP_FILE,
    Evaluable,
    Run,
)


def list_runs(folder: Path = DEFAULT_FOLDER) -> list[Run]:
    """Return the runs of a folder, newest first; folders that hold no config.json are half-written runs too.

    A group is replaced by its runs, in the order of their seeds.
    """
    runs: list[Run] = []
    for path in list_folders(folder):
        if has_file(path, GROUP_FILE):
            members = sorted(path.glob("seed-*"), key=lambda p: (len(p.name), p.name))
            runs += [Run(member) for member in members]
        elif not has_file(path, ENSEMBLE_FILE):
            runs.append(Run(path))
    return runs


def list_folders(folder: Path = DEFAULT_FOLDER) -> list[Path]:
    """Return the folders of runs, groups and ensembles, newest first.

    Folders of sweeps are left out: each is itself a folder of runs, its trials.
    """
    if not folder.is_dir():
        return []
    paths = [p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")]
    paths = [p for p in paths if not has_file(p, SWEEP_FILE)]
    return sorted(paths, key=lambda p: (Evaluable(p).created, p.name), reverse=True)


def has_file(folder: Path, name: str) -> bool:
    """Return whether a folder is known to have a file; one that may not be looked into is listed as a run.

    Args:
        folder: of a run, a group, an ensemble or a sweep.
        name: of the file.
    """
    try:
        return (folder / name).exists()
    except OSError:  # reading the run says which
        return False


def has_external_link(path: Path, folder: Path) -> bool:
    """Return whether an entry of a folder of runs is, or directly contains, a symbolic link out of that folder.

    Only files that are shown as text are checked, not checkpoints, which are read as numbers or not at all.

    Args:
        path: of the entry.
        folder: of runs.
    """
    root = os.path.realpath(folder)
    if not os.access(path, os.R_OK | os.X_OK):
        return path.is_symlink()
    paths = [path, *path.iterdir(), *path.glob("evaluation/*"), *path.glob("evaluation/*/*")]
    targets = [os.path.realpath(link) for link in paths if link.is_symlink()]
    return any(os.path.commonpath([root, target]) != root for target in targets)


def candidate_paths(name_or_path: str | os.PathLike[str], folder: Path) -> tuple[Path, ...]:
    """Return the paths that a name may refer to: in `folder`, as a path, and among the pretrained models.

    Args:
        name_or_path: of a run, a group or an ensemble.
        folder: of runs.
    """
    return folder / name_or_path, Path(name_or_path), PRETRAINED_FOLDER / name_or_path


def find_run(
    name_or_path: str | os.PathLike[str], folder: Path = DEFAULT_FOLDER, *, check: bool = True
) -> Run:
    """Return a run.

    Args:
        name_or_path: name in `folder`, path, or name of a pretrained model; the first that exists is returned.
        folder: of runs.
        check: whether to warn of what is off in its files.

    Returns:
        The run.

    Warns:
        UserWarning: a file was changed, lost or swapped; the warning names it.

    Raises:
        InputError: there is none, or it is a group or an ensemble.
    """
    for path in candidate_paths(name_or_path, folder):
        if (path / "config.json").is_file():
            run = Run(path)
            if check:
                integrity.warn_of_problems(run)
            return run
        if (path / GROUP_FILE).is_file():
            raise InputError(f"{path} is a group: name one of its runs, such as {path.name}/seed-0")
        if (path / ENSEMBLE_FILE).is_file():
            raise InputError(f"{path} is an ensemble: name a single run")
    known = ", ".join(run.name for run in list_runs(folder)[:8]) or "no runs yet"
    raise InputError(
        f"no run {str(name_or_path)!r} in {folder} ({known}): train one, or name the folder with --runs"
    )
