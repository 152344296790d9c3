"""The page "Predictions": the images of a split with their predictions, filtered and sorted; the data behind them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import streamlit as st
from parts import dataset_overview, evaluations
from parts.error_display import escape, show_errors
from parts.evaluate_buttons import show_button, show_evaluate_buttons
from parts.evaluation_context import EvaluationContext, open_evaluation
from parts.example_detail import show_detail
from parts.example_picker import pick_example
from parts.run_selection import Selection, current_selection, resolve_model
from parts.tag_editor import select_tag

from digitjax.evaluation import browse, history
from digitjax.evaluation.browse import Filter
from digitjax.runs import Ensemble, Run

OUTCOMES = {"correct": True, "incorrect": False}


def show(selection: Selection) -> None:
    """Show the predictions of the selected model, and the data that it was trained on."""
    st.title("Predictions")
    st.caption("Each image of a split with its prediction: filter and sort them, and select one for details.")
    with show_errors():
        model = resolve_model(selection.entry)
        st.subheader(escape(model.name))
        images, balance, augmented = st.tabs(
            ["Images", "Class balance", "Augmented samples"], key="section", on_change="rerun"
        )
        first = model.members()[0]
        if images.open:
            with images:
                show_evaluation(selection, model)
        if balance.open:
            with balance, show_errors():
                dataset_overview.show_class_balance(first)
        if augmented.open:
            with augmented, show_errors():
                if isinstance(model, Ensemble):
                    st.info(f"Showing the first member of the ensemble, {escape(first.name)}.")
                dataset_overview.show_augmented_samples(first)


def show_evaluation(selection: Selection, model: Run | Ensemble) -> None:
    """Offer the evaluations that exist and those that can be added, and show the images of the selected one.

    Args:
        selection: of the sidebar.
        model: whose evaluations are meant.
    """
    box, buttons = st.container(), st.container(horizontal=True)
    with buttons, show_errors():
        if model.evaluations():  # else the box offers them
            show_evaluate_buttons(model, selection.folder)
            show_history_button(model, selection.folder)
    with show_errors():
        with box:
            key = evaluations.select_evaluation(model, selection.folder)
        browse_images(open_evaluation(model, key))


def show_history_button(model: Run | Ensemble, folder: Path) -> None:
    """Offer to predict every image with the weights of every epoch, where those were kept.

    Args:
        model: the selected model.
        folder: the runs folder.
    """
    if isinstance(model, Ensemble) or not model.config.training.keep_weights_every:
        return
    if not (history.history_folder(model) / "history.npz").exists():
        show_button(
            model,
            folder,
            "Add training history",
            ["--history"],
            lambda progress: history.evaluate_history(
                model, lambda done, total: progress(f"{done} of {total}")
            ),
        )


@st.fragment
def browse_images(context: EvaluationContext) -> None:
    """Show the images that match the filters, and details of the selected one; a choice reruns this fragment alone."""
    with show_errors():
        with st.container(horizontal=True):
            criteria = select_filter(context)
            order = st.selectbox(
                "Sort by",
                browse.available_sort_orders(context.examples),
                key="sort",
                bind="query-params",
                width=190,
            )
        indices = browse.select_examples(context.examples, criteria, order)
        st.markdown(f"**{len(indices):,} of {len(context.examples):,} images**")
        gallery, detail = st.columns([3, 2], gap="medium")
        with gallery:
            name = f"{context.model.path} {context.evaluation.split} {context.evaluation.step}"
            index = pick_example(name, context.images, indices, context.describe, "Images")
        with detail:
            if index is None:
                st.info("Select an image for details: click it, or use the arrow keys.")
            else:
                show_detail(context, index=index)


def select_filter(context: EvaluationContext) -> Filter:
    """Offer the filters; their values are kept in the URL.

    Raises:
        InputError: the file of the tags is damaged, or belongs to other data.
    """

    def select(label: str, options: Iterable[object], key: str) -> Any:
        return st.selectbox(label, options, None, key=key, bind="query-params", placeholder="any", width=110)

    true = select("True digit", range(10), "true")
    predicted = select("Predicted", range(10), "predicted")
    outcome = select("Outcome", OUTCOMES, "outcome")
    low, high = st.slider(
        "Confidence (%)", 0, 100, (0, 100), key="confidence", bind="query-params", width=190
    )
    return Filter(
        label=true,
        predicted=predicted,
        correct=None if outcome is None else OUTCOMES[outcome],
        confidence=(low / 100, high / 100),
        indices=select_tag(context, width=190),
    )


show(current_selection())
