"""The page "Sweeps": the trials of a hyper-parameter search, as a table and as charts."""

from pathlib import Path
from typing import Any

import altair as alt
import streamlit as st
from parts.error_display import NotAvailableError, escape, show_errors
from parts.run_selection import Selection, current_selection

from digitjax.model.sweeps import results
from digitjax.visualization import charts
from digitjax.visualization.charts.sweeps import ACCURACY


def show(selection: Selection) -> None:
    """Show the sweeps of the runs folder."""
    st.title("Sweeps")
    st.caption("Hyper-parameter searches: the best trial, and which hyper-parameters matter.")
    with show_errors():
        show_sweep(select_sweep(selection.folder))


def select_sweep(folder: Path) -> Path:
    """Offer the sweeps of a folder.

    Raises:
        NotAvailableError: there is none.
    """
    sweeps = results.list_sweeps(folder)
    if not sweeps:
        st.code("digitjax sweep cnn --trials 30", language=None, wrap_lines=True)
        raise NotAvailableError(
            "No sweeps yet. The command above searches the hyper-parameters of an experiment."
        )
    return st.selectbox("Sweep", sweeps, format_func=lambda path: path.name)


@st.fragment
def show_sweep(folder: Path) -> None:
    """Show the trials of a sweep; a choice reruns this fragment alone."""
    with show_errors():
        result = results.read(folder)
        show_trials(folder, result["trials"])
        show_charts(result)


def show_trials(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Show the best trial, and a table of all.

    Args:
        folder: of the sweep.
        rows: of the trials, the best first.
    """
    complete = [row for row in rows if row["state"] == "complete"]
    if complete:
        best = complete[0]
        with st.container(horizontal=True, gap="medium"):
            st.metric("Best validation accuracy", f"{best['accuracy']:.2%}", width="content")
            st.metric("Best trial", best["trial"], width="content")
            st.metric("Complete trials", f"{len(complete)} of {len(rows)}", width="content")
        st.caption("Train with the hyper-parameters of the best trial:")
        st.code(f"digitjax train {folder / 'best.json'}", language=None, wrap_lines=True)
    st.dataframe([make_row(row) for row in rows], hide_index=True, alt="All trials, the best first")


def show_charts(result: dict[str, Any]) -> None:
    """Show the complete trials by their hyper-parameters, and how important each of these is.

    Args:
        result: of the sweep.
    """
    complete = [row for row in result["trials"] if row["state"] == "complete"]
    if len(complete) > 1:
        log_fields = [field for field, values in result["space"].items() if values.get("log")]
        show_chart(charts.parallel_coordinates(complete, log_fields), "Parallel coordinates of the trials")
        fields = list(complete[0]["params"])
        with st.container(horizontal=True):
            x = st.selectbox("X-axis", fields)
            y = st.selectbox("Y-axis", [ACCURACY, *(field for field in fields if field != x)])
        show_chart(charts.trial_scatter(complete, x, y, log_fields), f"Trials by {x} and {y}")
    if result["importances"]:
        show_chart(charts.importances(result["importances"]), "Importance of each hyper-parameter")
    else:
        st.caption("The importance of each hyper-parameter is shown from 10 complete trials on.")


def make_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row of the table for a trial."""
    accuracy = None if row["accuracy"] is None else f"{row['accuracy']:.2%}"
    fields = {"trial": row["trial"], "state": row["state"], "validation accuracy": accuracy}
    return fields | {"seconds": row["seconds"]} | row["params"] | {"reason": escape(row["reason"])}


def show_chart(chart: alt.Chart | alt.LayerChart, name: str) -> None:
    """Show a chart.

    Args:
        chart: what to draw.
        name: for screen readers.
    """
    st.altair_chart(chart, alt=f"{name}. The data are in the table above.")


show(current_selection())
