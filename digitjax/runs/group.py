"""Folders that hold several runs: groups of seeds, and ensembles.

runs/<group>/
  group.json           written first: the seeds; after the training also statistics of their validation accuracy
  seed-0/ seed-1/ ...  one run for each seed
  evaluation/<split>@<step>/   metrics.json: statistics of accuracy, loss and seconds

runs/<ensemble>/
  ensemble.json        paths of the members, relative to the parent folder of the ensemble
  evaluation/<split>@<step>/   as in a run
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from digitjax.config import Config, validate
from digitjax.errors import InputError, warn
from digitjax.runs import integrity
from digitjax.runs.files import read_sealed, to_sealed_json, write_text
from digitjax.runs.run import (
    DEFAULT_FOLDER,
    ENSEMBLE_FILE,
    GROUP_FILE,
    Evaluable,
    Run,
    create_folder,
)
from digitjax.runs.search import candidate_paths, find_run, has_file, list_folders
from digitjax.runs.seed_stats import SeedStats
from digitjax.runs.summary import summarize_run


@dataclass(frozen=True)
class Group(Evaluable):
    """Runs of one experiment that differ only in their seeds."""

    def seeds(self) -> list[int]:
        """Return the seeds of the group, trained or not.

        Raises:
            InputError: group.json is missing or damaged.
        """
        seeds = read_sealed(self.path / GROUP_FILE).get("seeds")
        if not isinstance(seeds, list) or len(seeds) < 2 or not all(type(seed) is int for seed in seeds):
            raise InputError(f"{self.path / GROUP_FILE}: its seeds must be two or more integers")
        return seeds

    def member(self, seed: int) -> Run:
        """Return the run of a seed, whose folder need not exist."""
        return Run(self.path / f"seed-{seed}")

    def members(self) -> list[Run]:
        """Return its runs.

        Raises:
            InputError: group.json is damaged, or a run is damaged or not finished.
        """
        members = [self.member(seed) for seed in self.seeds()]
        for member in members:
            if obstacle := summarize_run(member, check=False).obstacle:
                raise InputError(f"{member.path}: {obstacle}")
        return members

    def write(self, seeds: Sequence[int], validation_accuracy: SeedStats | None) -> None:
        """Write group.json.

        Args:
            seeds: of the runs.
            validation_accuracy: over the seeds; None before all are trained, and for refits.
        """
        write_text(self.path / GROUP_FILE, _group_json(seeds, validation_accuracy))


@dataclass(frozen=True)
class Ensemble(Evaluable):
    """Runs whose probabilities are averaged."""

    def member_paths(self) -> list[str]:
        """Return the paths of its runs, relative to the parent folder of the ensemble.

        Raises:
            InputError: ensemble.json is missing or damaged.
        """
        paths = read_sealed(self.path / ENSEMBLE_FILE).get("members")
        if not isinstance(paths, list) or not paths or not all(isinstance(path, str) for path in paths):
            raise InputError(f"{self.path / ENSEMBLE_FILE}: its members must be paths of runs")
        return paths

    def members(self) -> list[Run]:
        """Return its runs.

        Raises:
            InputError: ensemble.json is damaged, or the config of a run is missing or damaged.
        """
        folder = self.path.absolute().parent
        members = [Run(folder / path) for path in self.member_paths()]
        for member in members:
            if not member.path.is_dir():
                raise InputError(f"{self.path}: its member {member.path} is missing")
            _ = member.config
        return members


RunEntry = Run | Group | Ensemble
"""An entry of a folder of runs."""


# ---------------------------------------------------------------------------- finding and listing


def find_entry(
    name_or_path: str | os.PathLike[str], folder: Path = DEFAULT_FOLDER, *, check: bool = True
) -> RunEntry:
    """Return a run, a group or an ensemble.

    Args:
        name_or_path: name in `folder`, path, or name of a pretrained model; the first that exists is returned.
        folder: of runs.
        check: whether to warn of what is off in the files of its runs.

    Returns:
        The entry.

    Warns:
        UserWarning: a file was changed, lost or swapped; the warning names it.

    Raises:
        InputError: there is none.
    """
    for path in candidate_paths(name_or_path, folder):
        if any((path / file).is_file() for file in ("config.json", GROUP_FILE, ENSEMBLE_FILE)):
            entry = open_entry(path)
            if check:
                _warn_of_problems(entry)
            return entry
    return find_run(name_or_path, folder, check=check)


def _warn_of_problems(entry: RunEntry) -> None:
    with suppress(InputError):  # which is raised where its runs are used
        for run in entry.members():
            integrity.warn_of_problems(run)
    for problem in () if isinstance(entry, Run) else integrity.find_evaluation_problems(entry):
        warn(problem)


def list_entries(folder: Path = DEFAULT_FOLDER) -> list[RunEntry]:
    """Return the runs, groups and ensembles of a folder, newest first; the runs of a group are part of its entry."""
    return [open_entry(path) for path in list_folders(folder)]


def open_entry(path: Path) -> RunEntry:
    """Return the run, the group or the ensemble of a folder."""
    if has_file(path, GROUP_FILE):
        return Group(path)
    return Ensemble(path) if has_file(path, ENSEMBLE_FILE) else Run(path)


# ---------------------------------------------------------------------------------------- creating


def create_group(
    name: str, seeds: Sequence[int], folder: Path = DEFAULT_FOLDER, *, overwrite: bool = False
) -> Group:
    """Create the folder of a new group and write its seeds.

    Args:
        name: of the group.
        seeds: of its runs.
        folder: of runs, in which it is created.
        overwrite: whether an existing folder of that name is deleted.

    Returns:
        The group, whose runs are still to be trained.

    Raises:
        InputError: the folder exists and may not be overwritten, or cannot be written.
    """
    group = Group(folder / name)
    create_folder(group.path, GROUP_FILE, _group_json(seeds), overwrite=overwrite)
    return group


def _group_json(seeds: Sequence[int], validation_accuracy: SeedStats | None = None) -> str:
    accuracy = validation_accuracy and asdict(validation_accuracy)
    return to_sealed_json({"seeds": list(seeds), "validation_accuracy": accuracy})


def create_ensemble(
    name: str, members: Sequence[Run], folder: Path = DEFAULT_FOLDER, *, overwrite: bool = False
) -> Ensemble:
    """Create the folder of a new ensemble and write its members.

    Args:
        name: of the ensemble.
        members: two or more trained classifiers.
        folder: of runs, in which it is created.
        overwrite: whether an existing ensemble of that name is replaced.

    Returns:
        The ensemble.

    Raises:
        InputError: the name cannot be used, a run is given twice, damaged or an autoencoder, or the folder cannot be
            written.
    """
    ensemble = Ensemble(folder / validate(Config(name=name), "ensemble").name)
    paths = [os.path.relpath(member.path, folder) for member in members]
    if duplicates := [path for path in paths if paths.count(path) > 1]:
        raise InputError(f"{ensemble.path}: {duplicates[0]} is given twice: name each run once")
    if len(paths) < 2:
        raise InputError(f"{ensemble.path}: an ensemble needs two or more runs")
    for member in members:
        if member.config.task != "classification":
            raise InputError(f"{member.path}: its {member.config.model.kind} has no probabilities to average")
    replaceable = overwrite and (ensemble.path / ENSEMBLE_FILE).exists()
    if ensemble.path.exists() and not replaceable:
        raise InputError(
            f"{ensemble.path} exists: choose another name, or discard an ensemble with --overwrite"
        )
    create_folder(ensemble.path, ENSEMBLE_FILE, to_sealed_json({"members": paths}), overwrite=overwrite)
    return ensemble
