"""The page "Mistakes": which digits a run takes for which others, and the pictures behind each cell."""

import numpy as np
import streamlit as st
from parts import evaluations, selection
from parts.pictures import enlarge, find_pictures
from parts.reasons import escape, reasons_shown
from parts.selection import Selection

from digitjax.evaluation.evaluate import Evaluation
from digitjax.visualization import charts

MOST_PICTURES = 60  # at once: more would make the page slow


def show(chosen: Selection) -> None:
    """Show the mistakes of the chosen run."""
    st.title("Mistakes")
    with reasons_shown():
        model = selection.as_model(chosen.entry)
        st.subheader(escape(model.name))
        evaluation = evaluations.read_classification(model, evaluations.choose_evaluation(model))
        explore(model, evaluation)


@st.fragment
def explore(model, evaluation: Evaluation) -> None:
    """Show the confusion matrix beside the pictures of the chosen cell; a choice redraws this part alone."""
    matrix, pictures = st.columns(2, gap="large")
    with matrix, reasons_shown():
        click_cell(evaluation)
    with pictures, reasons_shown():
        true, predicted = choose_cell()
        show_pictures(find_pictures(model, evaluation).images, evaluation, true, predicted)


def click_cell(evaluation: Evaluation) -> None:
    """Show the confusion matrix; a click on a cell fills the boxes, which are drawn after it."""
    # A chart keeps what was clicked: a choice in the boxes, which undoes it, gives it another key.
    event = st.altair_chart(
        charts.confusion_matrix(evaluation.summary["confusion"]),
        key=f"confusion-{st.session_state.get('choices', 0)}",
        on_select="rerun",
        alt="Confusion matrix: true digits down, predicted digits across. "
        "The boxes True digit and Predicted digit choose a cell by keyboard.",
    )
    if cells := event["selection"].get("cell"):
        st.session_state["true"], st.session_state["predicted"] = cells[-1]["true"], cells[-1]["predicted"]


def choose_cell() -> tuple[int | None, int | None]:
    """Return the true and the predicted digit that the boxes name; None is any."""

    def count_choice() -> None:
        st.session_state["choices"] = st.session_state.get("choices", 0) + 1

    for column, key in zip(st.columns(2), ("true", "predicted"), strict=True):
        label = f"{key.capitalize()} digit"
        column.selectbox(label, range(10), None, key=key, placeholder="any", on_change=count_choice)
    return st.session_state["true"], st.session_state["predicted"]


def show_pictures(
    images: np.ndarray, evaluation: Evaluation, true: int | None, predicted: int | None
) -> None:
    """Show the pictures of a cell, or the mistakes in a row, a column or all; the most confident first."""
    probabilities = evaluation.probabilities
    labels, guesses, confidences = evaluation.labels, probabilities.argmax(axis=1), probabilities.max(axis=1)
    chosen = (labels != guesses) if true is None or predicted is None else np.ones(len(labels), bool)
    if true is not None:
        chosen &= labels == true
    if predicted is not None:
        chosen &= guesses == predicted
    found = np.flatnonzero(chosen)
    found = found[np.argsort(-confidences[found], kind="stable")]

    kind = "Read right" if true is not None and true == predicted else "Mistakes"
    rest = f"; these are the first {MOST_PICTURES}" if len(found) > MOST_PICTURES else ""
    st.markdown(f"**{kind}: {len(found):,}**, the most confident first{rest}")
    found = found[:MOST_PICTURES]
    with st.container(horizontal=True):
        for i in found:
            st.image(
                enlarge(images[i]),
                caption=f"{labels[i]} → {guesses[i]}, {confidences[i]:.0%}",
                width=84,
                output_format="PNG",
                alt=f"Picture {i} of the {evaluation.split} split: a {labels[i]}, "
                f"read as {guesses[i]} with confidence {confidences[i]:.0%}",
            )


show(selection.current())
