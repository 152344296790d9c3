"""The page "Curves": how runs learnt, step by step."""

import streamlit as st
from parts import selection
from parts.reasons import escape, reasons_shown
from parts.selection import Selection

from digitjax.runs import MEASURES, Run
from digitjax.visualization import charts


def show(chosen: Selection) -> None:
    """Show the curves of the chosen run."""
    st.title("Curves")
    with reasons_shown():
        show_curves(selection.as_run(chosen.entry))


def show_curves(run: Run) -> None:
    """Show how the loss, and the accuracy or error, went over the steps."""
    st.subheader(escape(run.name))
    lines = run.metrics()
    if not lines:
        st.info("Nothing has been logged yet.")
        return
    for column, metric in zip(st.columns(2), ("loss", MEASURES[run.config.task]), strict=True):
        column.altair_chart(
            charts.curves(lines, metric), alt=f"Training and validation {metric} over the steps"
        )
    if run.config.model.kind == "vae":
        st.caption(
            "The training loss holds the divergence and the noise of the latent, the validation loss neither."
        )


show(selection.current())
