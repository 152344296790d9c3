"""The confusion matrix of an evaluation beside the pictures of a cell."""

from typing import Any

import streamlit as st

from digitjax.evaluation import browse
from digitjax.evaluation.browse import Filter
from digitjax.visualization import charts
from parts.error_display import show_errors
from parts.evaluation_context import EvaluationContext
from parts.picking import pick_picture
from parts.picture_detail import show_detail
from parts.tagging import choose_tag


@st.fragment
def show(opened: EvaluationContext) -> None:
    """Show the confusion matrix beside the pictures of the chosen cell; a choice redraws this part alone."""
    matrix, pictures = st.columns(2, gap="large")
    with matrix, show_errors():
        click_cell(opened.evaluation.summary["confusion"])
    number = None
    with pictures, show_errors():
        number = pick_in_cell(opened, *choose_cell())
    if number is not None:
        show_detail(opened, number=number)


def click_cell(confusion: list[list[int]]) -> None:
    """Show the confusion matrix; a click on a cell fills the boxes, which are drawn after it."""
    share = st.toggle("Share of each true digit, in place of counts", key="share")
    # A chart keeps what was clicked: a choice in the boxes, which undoes it, gives it another key.
    event = st.vega_lite_chart(
        draw_matrix(confusion, share),
        key=f"confusion-{share}-{st.session_state.get('choices', 0)}",
        on_select="rerun",
        alt="Confusion matrix: true digits down, predicted digits across. "
        "The boxes True digit and Predicted digit choose a cell by keyboard.",
    )
    if cells := event["selection"].get("cell"):
        st.session_state["true"], st.session_state["predicted"] = cells[-1]["true"], cells[-1]["predicted"]


@st.cache_data(max_entries=16)
def draw_matrix(confusion: list[list[int]], share: bool) -> dict[str, Any]:
    """Return the chart of a confusion matrix as Vega-Lite: to make it takes most of the time of a click."""
    return charts.confusion_matrix(confusion, share).to_dict()


def choose_cell() -> tuple[int | None, int | None]:
    """Return the true and the predicted digit that the boxes name; None is any."""

    def count_choice() -> None:
        st.session_state["choices"] = st.session_state.get("choices", 0) + 1

    for column, key in zip(st.columns(2), ("true", "predicted"), strict=True):
        column.selectbox(
            f"{key.capitalize()} digit",
            range(10),
            None,
            key=key,
            bind="query-params",
            placeholder="any",
            on_change=count_choice,
        )
    return st.session_state["true"], st.session_state["predicted"]


def pick_in_cell(opened: EvaluationContext, true: int | None, predicted: int | None) -> int | None:
    """Show the pictures of a cell, or the mistakes in a row, a column or all; the most confident first.

    Returns the number of the one that is picked.

    Raises:
        InputError: the file of the tags is damaged, or of other data.
    """
    whole_cell = true is not None and predicted is not None
    chosen = Filter(
        true=true, predicted=predicted, right=None if whole_cell else False, numbers=choose_tag(opened)
    )
    numbers = browse.select(opened.examples, chosen, "most confident")
    kind = "Read right" if whole_cell and true == predicted else "Mistakes"
    st.markdown(f"**{kind}: {len(numbers):,}**, the most confident first")
    name = f"{opened.model.path} {opened.evaluation.split} {opened.evaluation.step}"
    return pick_picture(name, opened.images, numbers, opened.describe, kind)
