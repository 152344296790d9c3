"""The table of all runs: a filter, columns to pick, and rows that select runs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st

from digitjax.errors import InputError
from digitjax.runs import query
from digitjax.runs.group_summary import AnySummary
from digitjax.runs.query import Fields
from digitjax.runs.seed_stats import SeedStats
from parts.error_display import escape
from parts.formatting import MISSING
from parts.run_selection import Selection, select_one, tick
from parts.run_summaries import Description

_KEY = "runs-table"
_PERCENT = st.column_config.NumberColumn(format="%.2f%%")
_INTERVAL = st.column_config.TextColumn(width=150)
_COLUMNS = {
    "date": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
    "test accuracy": _PERCENT,
    "test 95% CI": _INTERVAL,
    "validation accuracy": _PERCENT,
    "validation 95% CI": _INTERVAL,
    "last validation accuracy": _PERCENT,
    "test error": st.column_config.NumberColumn(
        format="%.5f", help="Autoencoders: mean squared error of the pixels."
    ),
    "training time (s)": st.column_config.NumberColumn(format="%.1f", help="For groups the mean over seeds."),
    "tags": st.column_config.ListColumn(),
    "note": st.column_config.TextColumn(width="medium"),
    "problem": st.column_config.TextColumn(width="large"),
}
"""Formats of the columns."""
_DEFAULT = (
    "status",
    "test accuracy",
    "test 95% CI",
    "validation accuracy",
    "date",
    "model",
    "data",
    "epochs",
)
_OPTIONAL = (
    "validation 95% CI",
    "last validation accuracy",
    "seeds",
    "members",
    "training time (s)",
    "type",
    "note",
)
"""Columns that can be picked beside the fields of the configs."""
_WHERE_KNOWN = ("test error", "tags", "note", "problem")
"""Columns that are shown only where a run has something in them."""


def show_table(descriptions: dict[str, Description], selection: Selection) -> None:
    """Show a row per run. A click on a row selects its run; ticked rows are selected together.

    Args:
        descriptions: of all entries, by name.
        selection: of the sidebar.
    """
    fields = {name: description.fields for name, description in descriptions.items()}
    names, chosen = _show_controls(fields)
    rows = [{**make_row(descriptions[name].summary), **_pick(fields[name], chosen)} for name in names]
    selected = [selection.entry, selection.compared, *selection.more]
    ticked = [names.index(entry.name) for entry in selected if entry and entry.name in names]
    known = [column for column in _WHERE_KNOWN if any(row[column] for row in rows)]
    _tick_rows(ticked)
    st.dataframe(
        rows,
        key=_KEY,
        hide_index=True,
        column_config=_COLUMNS,
        column_order=["name", *_DEFAULT, *(c for c in known if c not in chosen), *chosen],
        placeholder=MISSING,
        on_select=lambda: _select(names),
        selection_mode=["multi-row", "single-cell"],
        alt="Runs, groups and ensembles, newest first",
    )
    hidden = len(descriptions) - len(names)
    st.caption(
        "Click a row to select its run. Tick two to compare them, or up to 20 to draw them on Curves."
        + f" The filter hides {hidden}." * bool(hidden)
    )


def _show_controls(fields: Mapping[str, Fields]) -> tuple[list[str], list[str]]:
    """Show the filter and the choice of columns; return the names of the runs and the chosen columns."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        expression = st.text_input(
            "Filter",
            key="filter",
            bind="query-params",
            icon=":material/search:",
            placeholder="words or conditions: mnist optimizer.lr>0.001 accuracy>=99% tag=baseline",
            help="Words match names, models, data, statuses, tags and notes. Conditions compare a field of the config, "
            "accuracy, error (test split), validation_accuracy, status, tag or date, with = != > < >= or <=.",
        )
        with st.popover("Columns", icon=":material/view_column:"):
            chosen = st.multiselect(
                "More columns",
                [*_OPTIONAL, *_list_hyperparameters(fields)],
                key="columns",
                bind="query-params",
                placeholder="hyper-parameters and more",
            )
    try:
        return query.select(expression or "", fields), chosen
    except InputError as error:
        st.warning(escape(str(error)))
        return list(fields), chosen


def _list_hyperparameters(fields: Mapping[str, Fields]) -> list[str]:
    """Return the dotted fields of the configs, those in which runs differ first."""
    names = sorted({name for values in fields.values() for name in values if "." in name} | {"seed"})
    distinct = {name: len({str(v[name]) for v in fields.values() if name in v}) for name in names}
    return sorted(names, key=lambda name: distinct[name] < 2)


def _pick(fields: Fields, chosen: list[str]) -> dict[str, Any]:
    """Return the chosen hyper-parameters of a run; numbers stay numbers, so that they are sorted as such."""
    values = {name: fields.get(name) for name in chosen if name not in _OPTIONAL}
    return {
        name: value if isinstance(value, int | float | None) else str(value) for name, value in values.items()
    }


def _tick_rows(ticked: list[int]) -> None:
    """Tick the rows of the selected runs where the table has others."""
    state = st.session_state.get(_KEY)
    if state is None or sorted(state["selection"]["rows"]) != sorted(ticked) or state["selection"]["cells"]:
        st.session_state[_KEY] = {"selection": {"rows": ticked, "columns": [], "cells": []}}


def _select(names: list[str]) -> None:
    """Select the run whose row was clicked, or all whose rows are ticked."""
    event = st.session_state[_KEY]["selection"]
    if event["cells"]:
        select_one(names[event["cells"][0][0]])
    else:
        tick(names, [names[row] for row in event["rows"]])


def make_row(summary: AnySummary) -> dict[str, Any]:
    """Return the row of the table for a run, a group or an ensemble."""
    fields = vars(summary)
    label, progress = describe_progress(summary)
    return {
        "name": summary.name,
        "status": summary.status,
        "date": datetime.fromtimestamp(summary.created),
        "test accuracy": _to_percent(summary.test_accuracy),
        "test 95% CI": format_interval(summary.test_accuracy, fields.get("test_interval")),
        "validation accuracy": _to_percent(summary.validation_accuracy),
        "validation 95% CI": format_interval(summary.validation_accuracy, fields.get("validation_interval")),
        "last validation accuracy": _to_percent(fields.get("last_accuracy")),
        "test error": mean(fields.get("test_error")),
        "type": summary.kind,
        "model": summary.model or None,
        "data": summary.data or None,
        "epochs": progress if label == "Epochs" else None,
        "members": progress if label == "Members" else None,
        "seeds": ", ".join(map(str, find_seeds(summary))) or None,
        "training time (s)": mean(summary.seconds) or None,
        "tags": list(summary.tags),
        "note": summary.note,
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


def _to_percent(accuracy: float | SeedStats | None) -> float | None:
    """Return an accuracy in per cent, rounded as it is elsewhere: the browser cuts the third decimal off."""
    value = mean(accuracy)
    return None if value is None else float(f"{value:.2%}".removesuffix("%"))


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
