"""The page "Errors": the confusion matrix of a model, likely label errors, and a comparison with another model."""

import streamlit as st
from parts import comparison, confusion, evaluations, label_errors
from parts.error_display import escape, show_errors
from parts.evaluation_context import open_evaluation
from parts.run_selection import Selection, current_selection, resolve_model


def show(selection: Selection) -> None:
    """Show what the selected model predicts incorrectly."""
    st.title("Errors")
    st.caption("Which digits the model confuses, which labels may be wrong, and where another model differs.")
    with show_errors():
        model = resolve_model(selection.entry)
        st.subheader(escape(model.name))
        context = open_evaluation(model, evaluations.select_evaluation(model, selection.folder))
        sections = {
            "Confusion matrix": lambda: confusion.show(context),
            "Label issues": lambda: label_errors.show(context),
        }
        compared = selection.compared
        title = compared and f"Compare with {escape(compared.name)}"
        if compared and title:
            sections[title] = lambda: comparison.show(context, selection.entry, compared)
        tabs = st.tabs(list(sections), default=title, key="view", on_change="rerun")
        for tab, show_section in zip(tabs, sections.values(), strict=True):
            if tab.open:
                with tab, show_errors():
                    show_section()


show(current_selection())
