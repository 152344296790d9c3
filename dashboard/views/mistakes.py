"""The page "Mistakes": which digits a run takes for which others, against another run, and against doubtful labels."""

import streamlit as st
from parts import confusion, doubtful, evaluations, selection, versus
from parts.opened import open_evaluation
from parts.reasons import escape, reasons_shown
from parts.selection import Selection


def show(chosen: Selection) -> None:
    """Show the mistakes of the chosen run."""
    st.title("Mistakes")
    with reasons_shown():
        model = selection.as_model(chosen.entry)
        st.subheader(escape(model.name))
        opened = open_evaluation(model, evaluations.choose_evaluation(model))
        names = ["Confusion matrix", "Doubtful labels"]
        against = chosen.versus and f"Against {escape(chosen.versus.name)}"
        tabs = st.tabs([*names, *filter(None, [against])], default=against, key="view", on_change="rerun")
        views = {0: confusion.show, 1: doubtful.show, 2: lambda opened: versus.show(chosen, opened)}
        for i, tab in enumerate(tabs):
            if tab.open:
                with tab, reasons_shown():
                    views[i](opened)


show(selection.current())
