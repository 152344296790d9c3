"""The page "Runs": a table of all runs, and the results, config and environment of the selected ones."""

import json
import shlex

import streamlit as st
from parts.error_display import escape, show_errors
from parts.formatting import MISSING
from parts.run_actions import show_actions, show_annotations, show_trash, show_undo
from parts.run_selection import Selection, current_selection
from parts.run_summaries import describe, find_training
from parts.run_table import describe_progress, mean, show_table
from parts.training_progress import REFRESH_SECONDS, show_progress

from digitjax import config
from digitjax.runs import PRETRAINED_FOLDER, PRIMARY_METRIC, Ensemble, Run, RunEntry
from digitjax.runs.group_summary import AnySummary
from digitjax.runs.seed_stats import SeedStats, format_metric
from digitjax.runs.status import is_training
from digitjax.runs.summary import UNFINISHED


def show(selection: Selection) -> None:
    """Show the table of runs, then the selected one and the one that it is compared with."""
    st.title("Runs")
    st.caption("All trained models: filter, compare, rename and delete them.")
    if all(entry.path.parent == PRETRAINED_FOLDER for entry in selection.entries.values()):
        st.info(
            f"No runs in {escape(str(selection.folder))} yet. Train one with `digitjax quickstart` or on the Train "
            "page. Until then, the pages show the pretrained model."
        )
    descriptions = {name: describe(entry) for name, entry in selection.entries.items()}
    summaries = {name: description.summary for name, description in descriptions.items()}
    show_training(selection.entries)
    show_undo()
    show_table(descriptions, selection)
    list_problems(summaries)
    tags = sorted({tag for summary in summaries.values() for tag in summary.tags})
    for entry in (selection.entry, selection.compared):
        if entry:
            with show_errors():
                show_entry(entry, summaries[entry.name], tags)
    if selection.compared:
        with show_errors():
            show_differences(selection.entry, selection.compared)
    show_trash(selection.folder)


# -------------------------------------------------------------------------------------- all runs


def show_training(entries: dict[str, RunEntry]) -> None:
    """Show the progress of the runs in training; meanwhile this part of the page refreshes itself."""
    training = {run.name: run for entry in entries.values() for run in find_training(entry)}
    st.fragment(_show_progress, run_every=REFRESH_SECONDS if training else None)(
        entries, list(training.values())
    )


def _show_progress(entries: dict[str, RunEntry], training: list[Run]) -> None:
    if [run for run in training if not is_training(run)]:
        st.rerun()  # the whole page, since the table changes, too
    for run in training:
        with show_errors():
            show_progress(run)


def list_problems(summaries: dict[str, AnySummary]) -> None:
    """List the runs that are damaged or have failed, with the reasons."""
    problems = [summary for summary in summaries.values() if find_damage(summary)]
    if problems:
        with st.expander(f"Runs with problems: {len(problems)}", expanded=len(problems) < 5):
            for summary in problems:
                st.warning(f"**{escape(summary.name)}**: {escape(find_damage(summary))}")


def find_damage(summary: AnySummary) -> str:
    """Return what is wrong with a run, a group or an ensemble; that a run was stopped is not."""
    return "; ".join(part for part in summary.problem.split("; ") if not part.endswith(UNFINISHED))


# -------------------------------------------------------------------------------- selected runs


def show_entry(entry: RunEntry, summary: AnySummary, tags: list[str]) -> None:
    """Show results, tags, extent of training, config and environment of a run, a group or an ensemble.

    Args:
        entry: what is shown.
        summary: of the entry.
        tags: of all entries.

    Raises:
        InputError: a file of it is damaged.
    """
    st.header(escape(entry.name), divider="grey")
    show_annotations(summary)
    fields = vars(summary)
    is_autoencoder = fields.get("validation_error") is not None
    metric = PRIMARY_METRIC["reconstruction" if is_autoencoder else "classification"]
    test, best = fields.get(f"test_{metric}"), fields.get(f"validation_{metric}")
    interval = test.interval if isinstance(test, SeedStats) else fields.get("test_interval")
    note = "95% CI " + " to ".join(format_metric(metric, end) for end in interval) if interval else None
    with st.container(horizontal=True, gap="medium"):
        show_metric(f"Test {metric}", format_metric(metric, test) if test is not None else MISSING, note)
        show_metric(f"Best validation {metric}", format_metric(metric, best) if best is not None else MISSING)
        label, progress = describe_progress(summary)
        show_metric(label, progress or MISSING)
        seconds = mean(summary.seconds)
        show_metric("Training time", f"{seconds:,.1f} s" if seconds else MISSING)
    if summary.status == "stopped" and isinstance(entry, Run) and entry.name == entry.path.name:
        file, folder = str(entry.path / "config.json"), str(entry.path.parent)
        show_command("Stopped. Resume its training:", "train", file, "--resume", "--runs", folder)
    if summary.status == "finished" and test is None:
        show_command("Not evaluated on the test split yet. Evaluate it:", "evaluate", str(entry.path))
    show_actions(entry, summary, tags)
    for member in entry.members()[:1]:
        title = "Config" if entry == member else f"Config of {escape(member.name)}"
        with st.expander(title):
            st.code(config.to_json(member.config), language="json", wrap_lines=True)
        with st.expander(title.replace("Config", "Environment")):
            st.code(json.dumps(member.environment, indent=2), language="json", wrap_lines=True)


def show_command(reason: str, *command: str) -> None:
    """Show a command of digitjax that does what is missing.

    Args:
        reason: what is missing.
        *command: arguments of `digitjax`.
    """
    st.caption(reason)
    st.code(shlex.join(["digitjax", *command]), language=None, wrap_lines=True)


def show_metric(label: str, value: str, note: str | None = None) -> None:
    """Show a number in the width that it needs.

    Args:
        label: above it.
        value: the number as text.
        note: below it.
    """
    st.metric(label, value, note, delta_color="off", delta_arrow="off", width="content")


def show_differences(entry: RunEntry, compared: RunEntry) -> None:
    """Show the fields in which the configs of two entries differ.

    Args:
        entry: of the first column.
        compared: of the second column.

    Raises:
        InputError: a config is damaged.
    """
    st.header("Config differences", divider="grey")
    first, second = (entry.members()[0].config for entry in (entry, compared))
    differences = config.differences(first, second)
    if not differences:
        st.write("The configs are identical.")
        return
    st.table(
        [
            {"field": field, escape(entry.name): str(a), escape(compared.name): str(b)}
            for field, (a, b) in differences.items()
        ]
    )
    if isinstance(entry, Ensemble) or isinstance(compared, Ensemble):
        st.caption("For an ensemble, the config of its first member.")


show(current_selection())
