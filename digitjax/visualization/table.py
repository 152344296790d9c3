"""The results of all experiments as one Markdown table, from what their folders hold."""

import statistics
import warnings
from collections.abc import Iterable, Sequence

import jax

from digitjax.errors import InputError
from digitjax.model.network import Network
from digitjax.runs import MEASURES, Ensemble, Evaluable, Group, Run, RunEntry
from digitjax.runs.summary import summarize_run

_HEAD = ("experiment", "model", "parameters", "validation accuracy", "test accuracy", "training", "hardware")


def markdown(entries: Sequence[RunEntry]) -> str:
    """Return a table with a row for each run, group and ensemble, by name.

    What was tested with several kinds of tta has a row for each. Accuracies, of autoencoders errors, and seconds of
    a group are mean and standard deviation over its seeds; an ensemble has the parameters and the seconds of all its
    members.

    Warns:
        UserWarning: a run is damaged or not finished, and left out.
    """
    rows = [_HEAD, ("---",) * len(_HEAD)]
    for entry in sorted(entries, key=lambda entry: entry.name):
        try:
            rows += _rows(entry)
        except InputError as error:
            warnings.warn(f"left out of the table: {error}", stacklevel=2)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _rows(entry: RunEntry) -> list[tuple[str, ...]]:
    """Return a row for each kind of tta that the entry was tested with."""
    members = entry.members()
    summaries = [summarize_run(member) for member in members]
    if problems := [f"{summary.name}: {summary.problem}" for summary in summaries if summary.problem]:
        raise InputError("; ".join(problems))
    parameters = [count_parameters(member) for member in members]
    seconds = [summary.seconds for summary in summaries]
    measure = MEASURES[members[0].config.task]
    best = [getattr(summary, f"validation_{measure}") for summary in summaries]
    title = f"`{entry.name}`"
    measured: Sequence[Evaluable] = members
    if isinstance(entry, Group):
        title, parameters = f"{title}, {len(members)} seeds", parameters[:1]
    elif isinstance(entry, Ensemble):
        title, measured, seconds = f"{title}, ensemble of {len(members)}", [entry], [sum(seconds)]
        best = [entry.measured("accuracy", "validation")]
    tta = {key.tta for one in measured for key in one.evaluations() if key.split == "test"}
    return [
        (
            f"{title}, tta {name}" if name != "none" else title,
            _list(member.config.model.kind for member in members),
            f"{sum(parameters):,}",
            _measured(
                measure,
                best if name == "none" else [one.measured(measure, "validation", name) for one in measured],
            ),
            _measured(measure, [one.measured(measure, "test", name) for one in measured]),
            f"{_spread(seconds, 1)} s",
            _list(_hardware(member) for member in members),
        )
        for name in sorted(tta or {"none"})
    ]


def count_parameters(run: Run) -> int:
    """Return how many numbers the training of a run changes."""
    return sum(leaf.size for leaf in jax.tree.leaves(Network(run.config.model).abstract().params))


def _measured(measure: str, values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return "-"
    if measure == "error":
        return f"error {_spread(known, 5)}"
    return f"{_spread([100 * value for value in known], 2)} %"


def _spread(values: Sequence[float], digits: int) -> str:
    mean = f"{statistics.fmean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def _hardware(run: Run) -> str:
    environment = run.environment
    devices = environment.get("devices") or ["device"]
    if environment.get("backend") == "cpu":
        count = environment.get("cpus")
        cores = f"{count} core{'s' * (count != 1)}"
        return f"{cores}, {environment.get('processor') or 'CPU'}"
    return f"{len(devices)} x {_list(devices)}"


def _list(names: Iterable[str]) -> str:
    """Join what differs, in the order of its first appearance."""
    return ", ".join(dict.fromkeys(names))
