"""The page "Runs": all runs of the folder, and the chosen ones from their headline to their config."""

from typing import Any

import streamlit as st
from parts import selection
from parts.error_display import escape, show_errors
from parts.selection import Selection
from parts.summaries import AnySummary, summarize

from digitjax import config
from digitjax.runs import MEASURES, PRETRAINED_FOLDER, Ensemble, RunEntry
from digitjax.runs.seed_stats import SeedStats, format_measure

PER_CENT = st.column_config.NumberColumn(format="percent", step=0.0001)
COLUMNS = {
    "best validation": PER_CENT,
    "last validation": PER_CENT,
    "test": PER_CENT,
    "test error": st.column_config.NumberColumn(
        format="%.5f", help="Of autoencoders: the mean squared error of the pixels"
    ),
    "seconds": st.column_config.NumberColumn(
        format="%.1f", help="Of training; of a group the mean of its seeds"
    ),
    "problem": st.column_config.TextColumn(width="large"),
}


def show(chosen: Selection) -> None:
    """Show the table of runs, then what is chosen in it."""
    st.title("Runs")
    if all(entry.path.parent == PRETRAINED_FOLDER for entry in chosen.entries.values()):
        st.info(
            f"There are no runs in {escape(str(chosen.folder))} yet: train one with `digitjax quickstart`, or on the "
            "page Train. Until then these pages show the model in the box, which reads pictures on the page Try it."
        )
    summaries = {name: summarize(entry) for name, entry in chosen.entries.items()}
    show_table(summaries, chosen)
    list_problems(summaries)
    for entry in (chosen.entry, chosen.versus):
        if entry:
            with show_errors():
                show_entry(entry, summaries[entry.name])
    if chosen.versus:
        with show_errors():
            show_differences(chosen.entry, chosen.versus)


# ----------------------------------------------------------------------------------------- table


def show_table(summaries: dict[str, AnySummary], chosen: Selection) -> None:
    """Show a row for each run; one or two of them can be marked, which chooses them."""
    names = list(summaries)
    marked = [names.index(entry.name) for entry in (chosen.entry, chosen.versus) if entry]
    # Of the names and of the choice, since a table keeps what is marked in it.
    key = f"table-{hash((*names, *marked))}"
    st.dataframe(
        [row(summary) for summary in summaries.values()],
        key=key,
        hide_index=True,
        column_config=COLUMNS,
        on_select=lambda: selection.mark(names, marked, st.session_state[key]["selection"]["rows"]),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": marked}},
        alt="All runs, groups and ensembles, newest first",
    )
    st.caption(
        "Mark one run, or two to compare them; the boxes at the side do the same. Intervals are of 95 %: of a run for "
        "another sample of as many pictures (Wilson), of a group for the mean of other seeds (Student)."
    )


def row(summary: AnySummary) -> dict[str, Any]:
    """Lay a summary out as a row of the table."""
    s, known = summary, vars(summary)
    seeds = known.get("seeds") or [known.get("seed", "")]
    return {
        "name": s.name,
        "test": mean(s.test_accuracy),
        "test interval": interval(s.test_accuracy, known.get("test_interval")),
        "best validation": mean(s.validation_accuracy),
        "its interval": interval(s.validation_accuracy, known.get("validation_interval")),
        "last validation": known.get("last_accuracy"),
        "test error": mean(known.get("test_error")),
        "kind": s.kind,
        "model": s.model,
        "data": s.data,
        "size": s.size,
        "seed": ", ".join(map(str, seeds)),
        "seconds": mean(s.seconds),
        "problem": s.problem,
    }


def mean(value: float | SeedStats | None) -> float | None:
    """Return a number, or the mean of those of the seeds."""
    return value.mean if isinstance(value, SeedStats) else value


def interval(value: float | SeedStats | None, known: tuple[float, float] | None) -> str:
    """Write the interval of an accuracy: of seeds their own, else the one that is known of it, if any."""
    ends = value.interval if isinstance(value, SeedStats) else known
    return f"{ends[0]:.2%} to {ends[1]:.2%}" if ends and value is not None else ""


def list_problems(summaries: dict[str, AnySummary]) -> None:
    """List the runs that are damaged or not finished, with the reasons."""
    problems = [summary for summary in summaries.values() if summary.problem]
    if problems:
        with st.expander(f"Runs with problems: {len(problems)}", expanded=len(problems) < 5):
            for summary in problems:
                st.warning(f"**{escape(summary.name)}**: {escape(summary.problem)}")


# ----------------------------------------------------------------------------------------- chosen


def show_entry(entry: RunEntry, summary: AnySummary) -> None:
    """Show what is asked first of a run, a group or an ensemble: how good, how sure, how long; then its config."""
    st.header(escape(entry.name), divider="grey")
    known = vars(summary)
    task = "reconstruction" if known.get("validation_error") is not None else "classification"
    measure = MEASURES[task]
    tested, best = known.get(f"test_{measure}"), known.get(f"validation_{measure}")
    sure = tested.interval if isinstance(tested, SeedStats) else known.get("test_interval")
    note = "95 % interval: " + " to ".join(format_measure(measure, end) for end in sure) if sure else None
    with st.container(horizontal=True, gap="medium"):
        show_metric(f"Test {measure}", format_measure(measure, tested) if tested is not None else "-", note)
        show_metric(f"Best validation {measure}", format_measure(measure, best) if best is not None else "-")
        show_metric("Size", summary.size or "-")
        seconds = mean(summary.seconds)
        show_metric("Training time", f"{seconds:,.1f} s" if seconds else "-")
    if tested is None:
        st.info(f"It has not been evaluated yet: `digitjax evaluate {entry.name}`")
    for member in entry.members()[:1]:
        label = "Config" if entry == member else f"Config of {escape(member.name)}"
        with st.expander(label):
            st.code(config.to_json(member.config), language="json")
        with st.expander(label.replace("Config", "Environment")):
            st.json(member.environment)


def show_metric(label: str, value: str, note: str | None = None) -> None:
    """Show a number as wide as it is."""
    st.metric(label, value, note, delta_color="off", delta_arrow="off", width="content")


def show_differences(entry: RunEntry, versus: RunEntry) -> None:
    """Show in which fields the configs of two runs differ."""
    st.header("Differences", divider="grey")
    first, second = (entry.members()[0].config for entry in (entry, versus))
    differing = config.differences(first, second)
    if not differing:
        st.write("Their configs are the same.")
        return
    st.table(
        [
            {"field": field, escape(entry.name): str(a), escape(versus.name): str(b)}
            for field, (a, b) in differing.items()
        ]
    )
    if isinstance(entry, Ensemble) or isinstance(versus, Ensemble):
        st.caption("Of an ensemble, the config of its first run.")


show(selection.current())
