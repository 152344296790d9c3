"""The page "Runs": a table of all runs, and the results, config and environment of the selected ones."""

from typing import Any

import streamlit as st
from parts.error_display import escape, show_errors
from parts.formatting import MISSING
from parts.run_selection import Selection, current_selection, select_rows
from parts.run_summaries import AnySummary, summarize

from digitjax import config
from digitjax.runs import PRETRAINED_FOLDER, PRIMARY_METRIC, Ensemble, RunEntry
from digitjax.runs.seed_stats import SeedStats, format_metric

PERCENT = st.column_config.NumberColumn(format="percent", step=0.0001)
INTERVAL = st.column_config.TextColumn(width=150)
# Formats of the columns of the table.
COLUMNS = {
    "test accuracy": PERCENT,
    "test 95% CI": INTERVAL,
    "best validation accuracy": PERCENT,
    "validation 95% CI": INTERVAL,
    "last validation accuracy": PERCENT,
    "test error": st.column_config.NumberColumn(
        format="%.5f", help="Autoencoders: mean squared error of the pixels."
    ),
    "training time (s)": st.column_config.NumberColumn(format="%.1f", help="For groups the mean over seeds."),
    "problem": st.column_config.TextColumn(width="large"),
}


def show(selection: Selection) -> None:
    """Show the table of runs, then the selected ones."""
    st.title("Runs")
    if all(entry.path.parent == PRETRAINED_FOLDER for entry in selection.entries.values()):
        st.info(
            f"No runs in {escape(str(selection.folder))} yet. Train one with `digitjax quickstart` or on the Train "
            "page. Until then, the pages show the pretrained model."
        )
    summaries = {name: summarize(entry) for name, entry in selection.entries.items()}
    show_table(summaries, selection)
    list_problems(summaries)
    for entry in (selection.entry, selection.compared):
        if entry:
            with show_errors():
                show_entry(entry, summaries[entry.name])
    if selection.compared:
        with show_errors():
            show_differences(selection.entry, selection.compared)


# ----------------------------------------------------------------------------------------- table


def show_table(summaries: dict[str, AnySummary], selection: Selection) -> None:
    """Show a row per run; selecting one or two rows selects their runs.

    Args:
        summaries: of all entries, by name.
        selection: of the sidebar.
    """
    names = list(summaries)
    selected = [names.index(entry.name) for entry in (selection.entry, selection.compared) if entry]
    # A table keeps its selection under its key, so another selection in the sidebar needs another key.
    key = f"table-{hash((*names, *selected))}"
    st.dataframe(
        [make_row(summary) for summary in summaries.values()],
        key=key,
        hide_index=True,
        column_config=COLUMNS,
        placeholder=MISSING,
        on_select=lambda: select_rows(names, selected, st.session_state[key]["selection"]["rows"]),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": selected}},
        alt="All runs, groups and ensembles, newest first",
    )
    st.caption(
        "Select one run, or two to compare them; the sidebar does the same. CI: confidence interval, Wilson over the "
        "images for runs, Student's t over the seeds for groups."
    )


def make_row(summary: AnySummary) -> dict[str, Any]:
    """Return the row of the table for a run, a group or an ensemble."""
    fields = vars(summary)
    label, progress = describe_progress(summary)
    return {
        "name": summary.name,
        "test accuracy": mean(summary.test_accuracy),
        "test 95% CI": format_interval(summary.test_accuracy, fields.get("test_interval")),
        "best validation accuracy": mean(summary.validation_accuracy),
        "validation 95% CI": format_interval(summary.validation_accuracy, fields.get("validation_interval")),
        "last validation accuracy": fields.get("last_accuracy"),
        "test error": mean(fields.get("test_error")),
        "type": summary.kind,
        "model": summary.model or None,
        "data": summary.data or None,
        "epochs": progress if label == "Epochs" else None,
        "members": progress if label == "Members" else None,
        "seeds": ", ".join(map(str, find_seeds(summary))) or None,
        "training time (s)": mean(summary.seconds) or None,
        "problem": summary.problem,
    }


def describe_progress(summary: AnySummary) -> tuple[str, str | None]:
    """Return the label and the text for the extent of training: `Epochs`, `20 of 20`; for several runs their number."""
    fields = vars(summary)
    if "epochs" in fields:
        return "Epochs", f"{fields['epoch']} of {fields['epochs']:g}" if fields["epochs"] else None
    count = len(fields.get("seeds") or fields["members"])
    return "Members", str(count) if count else None


def find_seeds(summary: AnySummary) -> list[int]:
    """Return the seeds of a run or a group; of an ensemble, none."""
    fields = vars(summary)
    seeds = fields.get("seeds") or [fields.get("seed")]
    return [seed for seed in seeds if seed is not None]


def mean(value: float | SeedStats | None) -> float | None:
    """Return a number, or the mean over seeds."""
    return value.mean if isinstance(value, SeedStats) else value


def format_interval(value: float | SeedStats | None, interval: tuple[float, float] | None) -> str | None:
    """Return the confidence interval of an accuracy as text.

    Args:
        value: the accuracy; statistics over seeds bring their own interval.
        interval: of the accuracy of a single run, if it is known.

    Returns:
        None where no interval is known.
    """
    ends = value.interval if isinstance(value, SeedStats) else interval
    return f"{ends[0]:.2%} to {ends[1]:.2%}" if ends and value is not None else None


def list_problems(summaries: dict[str, AnySummary]) -> None:
    """List the runs that are damaged or unfinished, with the reasons."""
    problems = [summary for summary in summaries.values() if summary.problem]
    if problems:
        with st.expander(f"Runs with problems: {len(problems)}", expanded=len(problems) < 5):
            for summary in problems:
                st.warning(f"**{escape(summary.name)}**: {escape(summary.problem)}")


# -------------------------------------------------------------------------------- selected runs


def show_entry(entry: RunEntry, summary: AnySummary) -> None:
    """Show results, extent of training, config and environment of a run, a group or an ensemble.

    Args:
        entry: what is shown.
        summary: of the entry.

    Raises:
        InputError: a file of it is damaged.
    """
    st.header(escape(entry.name), divider="grey")
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
    if test is None:
        st.info(f"Not evaluated on the test split yet: `digitjax evaluate {entry.name}`")
    for member in entry.members()[:1]:
        title = "Config" if entry == member else f"Config of {escape(member.name)}"
        with st.expander(title):
            st.code(config.to_json(member.config), language="json")
        with st.expander(title.replace("Config", "Environment")):
            st.json(member.environment)


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
