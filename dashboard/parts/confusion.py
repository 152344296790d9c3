"""The confusion matrix of an evaluation, with the images of a cell."""

from typing import Any

import streamlit as st

from digitjax.evaluation import browse
from digitjax.evaluation.browse import Filter
from digitjax.visualization import charts
from parts.error_display import show_errors
from parts.evaluation_context import EvaluationContext
from parts.example_detail import show_detail
from parts.example_picker import pick_example
from parts.tag_editor import select_tag


@st.fragment
def show(context: EvaluationContext) -> None:
    """Show the confusion matrix beside the images of the selected cell; a choice reruns this fragment alone."""
    matrix, images = st.columns(2, gap="large")
    with matrix, show_errors():
        show_matrix(context.evaluation.summary["confusion"])
    index = None
    with images, show_errors():
        index = pick_in_cell(context, *select_cell())
    if index is not None:
        show_detail(context, index=index)


def show_matrix(confusion: list[list[int]]) -> None:
    """Show the confusion matrix; a click on a cell fills the select boxes, which are rendered after it."""
    normalize = st.toggle("Normalize by true digit", key="normalize")
    # A chart keeps its selection under its key: a choice in the boxes, which replaces it, changes the key.
    event = st.vega_lite_chart(
        matrix_chart(confusion, normalize),
        key=f"confusion-{normalize}-{st.session_state.get('cell-changes', 0)}",
        on_select="rerun",
        alt="Confusion matrix: rows are true digits, columns predicted digits. "
        "The boxes True digit and Predicted digit select a cell by keyboard.",
    )
    if cells := event["selection"].get("cell"):
        st.session_state["true"], st.session_state["predicted"] = cells[-1]["true"], cells[-1]["predicted"]


@st.cache_data(max_entries=16)
def matrix_chart(confusion: list[list[int]], normalize: bool) -> dict[str, Any]:
    """Return the confusion matrix as a Vega-Lite chart, cached since building it takes most of the time of a click.

    Args:
        confusion: counts; a row per true digit, a column per predicted digit.
        normalize: whether to show shares of each true digit in place of counts.
    """
    return charts.confusion_matrix(confusion, normalize).to_dict()


def select_cell() -> tuple[int | None, int | None]:
    """Return the true and the predicted digit that the select boxes name; None stands for any."""

    def count_change() -> None:
        st.session_state["cell-changes"] = st.session_state.get("cell-changes", 0) + 1

    for column, key in zip(st.columns(2), ("true", "predicted"), strict=True):
        column.selectbox(
            f"{key.capitalize()} digit",
            range(10),
            None,
            key=key,
            bind="query-params",
            placeholder="any",
            on_change=count_change,
        )
    return st.session_state["true"], st.session_state["predicted"]


def pick_in_cell(context: EvaluationContext, true: int | None, predicted: int | None) -> int | None:
    """Show the images of a cell, or the errors in a row, a column or all of the matrix, the most confident first.

    Args:
        context: the evaluation.
        true: digit of the row; None for all.
        predicted: digit of the column; None for all.

    Returns:
        The index of the selected image, if any.

    Raises:
        InputError: the file of the tags is damaged, or belongs to other data.
    """
    whole_cell = true is not None and predicted is not None
    criteria = Filter(
        label=true, predicted=predicted, correct=None if whole_cell else False, indices=select_tag(context)
    )
    indices = browse.select_examples(context.examples, criteria, "most confident")
    kind = "Correct" if whole_cell and true == predicted else "Errors"
    st.markdown(f"**{kind}: {len(indices):,}**, the most confident first")
    name = f"{context.model.path} {context.evaluation.split} {context.evaluation.step}"
    return pick_example(name, context.images, indices, context.describe, kind)
