"""The page "Mistakes": which digits a run takes for which others, against another run, and against doubtful labels."""

import streamlit as st
from parts import comparison, confusion, evaluations, label_errors, selection
from parts.error_display import escape, show_errors
from parts.evaluation_context import open_evaluation
from parts.selection import Selection


def show(chosen: Selection) -> None:
    """Show the mistakes of the chosen run."""
    st.title("Mistakes")
    with show_errors():
        model = selection.as_model(chosen.entry)
        st.subheader(escape(model.name))
        opened = open_evaluation(model, evaluations.choose_evaluation(model))
        names = ["Confusion matrix", "Doubtful labels"]
        against = chosen.versus and f"Against {escape(chosen.versus.name)}"
        tabs = st.tabs([*names, *filter(None, [against])], default=against, key="view", on_change="rerun")
        sections = {
            0: confusion.show,
            1: label_errors.show,
            2: lambda opened: comparison.show(chosen, opened),
        }
        for i, tab in enumerate(tabs):
            if tab.open:
                with tab, show_errors():
                    sections[i](opened)


show(selection.current())
