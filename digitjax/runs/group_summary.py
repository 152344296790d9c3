"""Summaries of groups of seeds and of ensembles for lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from digitjax.errors import InputError
from digitjax.runs import annotations, integrity
from digitjax.runs.annotations import Annotations
from digitjax.runs.folders import is_locked
from digitjax.runs.group import Ensemble, Group, RunEntry
from digitjax.runs.run import Run
from digitjax.runs.seed_stats import SeedStats, summarize_seeds
from digitjax.runs.status import Status
from digitjax.runs.summary import RunSummary, noting, summarize_run


@dataclass(frozen=True)
class GroupSummary:
    """One line of a list of runs, for a group: statistics over its seeds."""

    name: str
    model: str = ""
    data: str = ""
    seeds: tuple[int, ...] = ()
    validation_accuracy: SeedStats | None = None
    test_accuracy: SeedStats | None = None
    validation_error: SeedStats | None = None
    test_error: SeedStats | None = None
    seconds: SeedStats | None = None
    members: tuple[RunSummary, ...] = ()
    created: float = 0.0
    """Date of group.json in seconds since 1970."""
    status: Status = "stopped"
    """Training if any seed is, else failed if any has, finished if all are."""
    tags: tuple[str, ...] = ()
    note: str = ""
    problem: str = ""
    """What is damaged or missing; empty if nothing is."""
    kind: str = "group"

    @property
    def extent(self) -> str:
        """The number of runs: `3 seeds`."""
        return f"{len(self.seeds)} seeds"


@dataclass(frozen=True)
class EnsembleSummary:
    """One line of a list of runs, for an ensemble."""

    name: str
    model: str = ""
    data: str = ""
    members: tuple[str, ...] = ()
    validation_accuracy: float | None = None
    validation_interval: tuple[float, float] | None = None
    test_accuracy: float | None = None
    test_interval: tuple[float, float] | None = None
    """95% confidence interval of the accuracy."""
    seconds: float = 0.0
    """Duration of the training of all members together."""
    created: float = 0.0
    """Date of ensemble.json in seconds since 1970."""
    status: Status = "finished"
    tags: tuple[str, ...] = ()
    note: str = ""
    problem: str = ""
    """What is damaged or missing; empty if nothing is."""
    kind: str = "ensemble"

    @property
    def extent(self) -> str:
        """The number of runs: `3 members`."""
        return f"{len(self.members)} members"


AnySummary = RunSummary | GroupSummary | EnsembleSummary
"""The summary of an entry of a folder of runs."""


def summarize(entry: RunEntry) -> AnySummary:
    """Summarize a run, a group or an ensemble; errors are not raised but named in `problem`."""
    if isinstance(entry, Run):
        return summarize_run(entry)
    return _summarize_group(entry) if isinstance(entry, Group) else _summarize_ensemble(entry)


def _summarize_group(group: Group) -> GroupSummary:
    try:
        seeds = group.seeds()
    except InputError as error:
        return GroupSummary(group.name, created=group.created, problem=str(error))
    members = tuple(summarize_run(group.member(seed)) for seed in seeds)
    status = _join_statuses(group, members)
    # During a training, seeds that wait for their turn are no problem.
    concluded = [m for m in members if status != "training" or m.status in ("finished", "failed")]
    problems = _list_problems(group, concluded)
    noted = Annotations()
    with noting(problems):
        noted = annotations.read(group.path)
    return GroupSummary(
        name=group.name,
        model=members[0].model,
        data=members[0].data,
        seeds=tuple(seeds),
        validation_accuracy=summarize_known_seeds([member.validation_accuracy for member in members]),
        test_accuracy=summarize_known_seeds([member.test_accuracy for member in members]),
        validation_error=summarize_known_seeds([member.validation_error for member in members]),
        test_error=summarize_known_seeds([member.test_error for member in members]),
        seconds=summarize_known_seeds([member.seconds for member in members]),
        members=members,
        created=group.created,
        status=status,
        tags=noted.tags,
        note=noted.note,
        problem="; ".join(problems),
    )


def _join_statuses(group: Group, members: Sequence[RunSummary]) -> Status:
    """Return the status of a group; while one seed is trained after another, the lock is that of the group."""
    statuses = {member.status for member in members}
    if is_locked(group.path) or "training" in statuses:
        return "training"
    return "failed" if "failed" in statuses else "stopped" if "stopped" in statuses else "finished"


def _summarize_ensemble(ensemble: Ensemble) -> EnsembleSummary:
    fields: dict[str, Any] = {"name": ensemble.name, "created": ensemble.created}
    problems: list[str] = []
    with noting(problems):
        fields["members"] = tuple(ensemble.member_paths())
        members = [summarize_run(member) for member in ensemble.members()]
        fields |= {
            "model": "+".join(dict.fromkeys(member.model for member in members)),
            "data": "+".join(dict.fromkeys(member.data for member in members)),
            "seconds": sum(member.seconds for member in members),
        }
        problems += _list_problems(ensemble, members)
    for split in ("validation", "test"):
        with noting(problems):
            if known := ensemble.metric_with_interval("accuracy", split):
                fields[f"{split}_accuracy"], fields[f"{split}_interval"] = known
    with noting(problems):
        fields |= annotations.read(ensemble.path).model_dump()
    return EnsembleSummary(**fields, problem="; ".join(dict.fromkeys(problems)))


def _list_problems(entry: Group | Ensemble, members: Sequence[RunSummary]) -> list[str]:
    problems = [f"{member.name}: {member.problem}" for member in members if member.problem]
    return [*problems, *integrity.find_evaluation_problems(entry)]


def summarize_known_seeds(values: Sequence[float | None]) -> SeedStats | None:
    """Return the statistics of the values over the seeds of a group; None if one of them is not known."""
    known = [value for value in values if value is not None]
    return summarize_seeds(known) if len(known) == len(values) else None
