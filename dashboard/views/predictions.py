"""The page "Predictions": any split, picture by picture, with what was made of each."""

import streamlit as st
from parts import evaluate_now, evaluations, samples, selection
from parts.error_display import escape, show_errors
from parts.evaluation_context import EvaluationContext, open_evaluation
from parts.picking import pick_picture
from parts.picture_detail import show_detail
from parts.selection import Selection
from parts.tagging import choose_tag

from digitjax.evaluation import browse
from digitjax.evaluation.browse import Filter
from digitjax.runs import Ensemble

ANSWERS = {"right": True, "wrong": False}


def show(chosen: Selection) -> None:
    """Show the page."""
    st.title("Predictions")
    with show_errors():
        model = selection.as_model(chosen.entry)
        st.subheader(escape(model.name))
        one_by_one, balance, augmented = st.tabs(
            ["Pictures", "Class balance", "Augmented samples"], key="about", on_change="rerun"
        )
        first = model.members()[0]
        if one_by_one.open:
            with one_by_one:
                show_pictures(chosen, model)
        if balance.open:
            with balance, show_errors():
                samples.show_class_balance(first)
        if augmented.open:
            with augmented, show_errors():
                if isinstance(model, Ensemble):
                    st.info(f"This shows the first run of the ensemble, {escape(first.name)}.")
                samples.show_augmented(first)


def show_pictures(chosen: Selection, model) -> None:
    """Let an evaluation be chosen, or made, and its pictures be browsed."""
    box, buttons = st.container(), st.container(horizontal=True)
    with buttons, show_errors():
        evaluate_now.offer(model, chosen.folder)
    with show_errors():
        with box:
            key = evaluations.choose_evaluation(model)
        browse_pictures(open_evaluation(model, key))


@st.fragment
def browse_pictures(opened: EvaluationContext) -> None:
    """Show the pictures that meet the filters, and the one that is picked; a choice redraws this part alone."""
    with show_errors():
        with st.container(horizontal=True):
            chosen = choose_filter(opened)
            order = st.selectbox(
                "Sort by", browse.orders(opened.examples), key="sort", bind="query-params", width=190
            )
        numbers = browse.select(opened.examples, chosen, order)
        st.markdown(f"**{len(numbers):,} of {len(opened.examples):,} pictures**")
        gallery, detail = st.columns([3, 2], gap="medium")
        with gallery:
            name = f"{opened.model.path} {opened.evaluation.split} {opened.evaluation.step}"
            number = pick_picture(name, opened.images, numbers, opened.describe, "Pictures")
        with detail:
            if number is None:
                st.info("Pick a picture to see what was made of it: click it, or use the arrow keys.")
            else:
                show_detail(opened, number=number)


def choose_filter(opened: EvaluationContext) -> Filter:
    """Offer what pictures can be filtered by; what is chosen is kept in the address.

    Raises:
        InputError: the file of the tags is damaged, or of other data.
    """

    def choose(label: str, options, key: str):
        return st.selectbox(label, options, None, key=key, bind="query-params", placeholder="any", width=110)

    true = choose("True digit", range(10), "true")
    predicted = choose("Read as", range(10), "predicted")
    answer = choose("Answer", ANSWERS, "answer")
    low, high = st.slider(
        "Confidence (%)", 0, 100, (0, 100), key="confidence", bind="query-params", width=190
    )
    return Filter(
        true=true,
        predicted=predicted,
        right=None if answer is None else ANSWERS[answer],
        confidence=(low / 100, high / 100),
        numbers=choose_tag(opened, width=190),
    )


show(selection.current())
