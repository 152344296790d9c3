"""The results of runs, groups and ensembles as a Markdown table."""

import statistics
import warnings
from collections.abc import Iterable, Sequence

import jax

from digitjax.errors import InputError
from digitjax.model.network import Network
from digitjax.runs import PRIMARY_METRIC, Ensemble, Evaluable, Group, Run, RunEntry
from digitjax.runs.summary import summarize_run

_HEAD = ("experiment", "model", "parameters", "validation accuracy", "test accuracy", "training", "hardware")


def markdown(entries: Sequence[RunEntry]) -> str:
    """Return a Markdown table with a row for each run, group and ensemble, sorted by name.

    An entry that was evaluated with several kinds of test-time augmentation has a row for each. Accuracies (errors, of
    autoencoders) and training seconds of a group are mean and standard deviation over its seeds; parameters and
    seconds of an ensemble are sums over its members.

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
    """Return a row for each kind of test-time augmentation that the entry was evaluated with on the test split."""
    members = entry.members()
    summaries = [summarize_run(member) for member in members]
    if obstacles := [f"{summary.name}: {summary.obstacle}" for summary in summaries if summary.obstacle]:
        raise InputError("; ".join(obstacles))
    parameters = [count_parameters(member) for member in members]
    seconds = [summary.seconds for summary in summaries]
    measure = PRIMARY_METRIC[members[0].config.task]
    best = [getattr(summary, f"validation_{measure}") for summary in summaries]
    title = f"`{entry.name}`"
    evaluated: Sequence[Evaluable] = members
    if isinstance(entry, Group):
        title, parameters = f"{title}, {len(members)} seeds", parameters[:1]
    elif isinstance(entry, Ensemble):
        title, evaluated, seconds = f"{title}, ensemble of {len(members)}", [entry], [sum(seconds)]
        best = [entry.metric("accuracy", "validation")]
    tta = {key.tta for item in evaluated for key in item.evaluations() if key.split == "test"}
    return [
        (
            f"{title}, tta {name}" if name != "none" else title,
            _join_distinct(member.config.model.kind for member in members),
            f"{sum(parameters):,}",
            _format_scores(
                measure,
                best if name == "none" else [item.metric(measure, "validation", name) for item in evaluated],
            ),
            _format_scores(measure, [item.metric(measure, "test", name) for item in evaluated]),
            f"{_mean_and_std(seconds, 1)} s",
            _join_distinct(_hardware(member) for member in members),
        )
        for name in sorted(tta or {"none"})
    ]


def count_parameters(run: Run) -> int:
    """Return the number of trainable parameters of a run."""
    return sum(leaf.size for leaf in jax.tree.leaves(Network(run.config.model).abstract().params))


def _format_scores(measure: str, values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return "-"
    if measure == "error":
        return f"error {_mean_and_std(known, 5)}"
    return f"{_mean_and_std([100 * value for value in known], 2)} %"


def _mean_and_std(values: Sequence[float], digits: int) -> str:
    mean = f"{statistics.fmean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def _hardware(run: Run) -> str:
    environment = run.environment
    devices = environment.get("devices") or ["device"]
    if environment.get("backend") == "cpu":
        count = environment.get("cpus")
        cores = f"{count} core{'s' * (count != 1)}"
        return f"{cores}, {environment.get('processor') or 'CPU'}"
    return f"{len(devices)} x {_join_distinct(devices)}"


def _join_distinct(names: Iterable[str]) -> str:
    """Join the distinct names, in the order of their first appearance."""
    return ", ".join(dict.fromkeys(names))
