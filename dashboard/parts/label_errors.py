"""Labels that may be wrong: those of MNIST that are known to be, and wrong answers that are given with confidence."""

import streamlit as st

from digitjax.evaluation import browse
from digitjax.evaluation.browse import Filter
from digitjax.evaluation.label_errors import CORRECTED, UNCLEAR, score_without_label_errors
from parts.evaluation_context import EvaluationContext
from parts.picking import pick_picture
from parts.picture_detail import show_detail

SUSPECTS, KNOWN = "Suspects", "Known label errors"


@st.fragment
def show(opened: EvaluationContext) -> None:
    """Show pictures whose label may be wrong; a choice redraws this part alone."""
    options = [SUSPECTS]
    if is_mnist_test(opened):
        show_scores(opened)
        options = [KNOWN, SUSPECTS]
    view = st.segmented_control("Pictures", options, default=options[0], required=True, key="doubtful")
    number = (pick_known if view == KNOWN else pick_suspect)(opened)
    if number is not None:
        show_detail(opened, number=number)


def is_mnist_test(opened: EvaluationContext) -> bool:
    """Whether label errors are known of these pictures."""
    return opened.evaluation.split == "test" and opened.model.members()[0].config.data.name == "mnist"


def show_scores(opened: EvaluationContext) -> None:
    """Show the headline score, and beside it the score without the known label errors."""
    summary = opened.evaluation.summary
    second = score_without_label_errors(opened.evaluation.logits, opened.evaluation.labels)
    with st.container(horizontal=True, gap="medium"):
        for label, score in (
            ("Accuracy, by the labels as given", summary),
            ("A second look, without label errors", second),
        ):
            low, high = score["accuracy_interval"]
            st.metric(
                label,
                f"{score['accuracy']:.2%}",
                f"{score['correct']:,} of {score['examples']:,}; 95 % interval {low:.2%} to {high:.2%}",
                delta_color="off",
                delta_arrow="off",
                width="content",
            )
    st.caption(
        f"The first is the score to report. For the second, {second['corrected']} labels are those that people see, "
        f"and {second['left_out']} pictures in which they see no one digit are left out "
        "(Northcutt et al. 2021, arXiv 2103.14749). Several of them can be argued about."
    )


def pick_known(opened: EvaluationContext) -> int | None:
    """Show the known label errors, and return the number of the one that is picked."""

    def describe(number: int) -> tuple[str, str]:
        given, read = opened.examples.label[number], opened.examples.predicted[number]
        seen = CORRECTED[number][1] if number in CORRECTED else None
        said = "people see no one digit" if seen is None else f"people see a {seen}"
        return (
            f"{given} | {'?' if seen is None else seen} | {read}",
            f"Picture {number} of the test split: its label is {given}, {said}, read as {read}",
        )

    st.caption("Below each picture: the label as given | what people see | what was read.")
    numbers = browse.select(opened.examples, Filter(numbers=[*CORRECTED, *UNCLEAR]))
    return pick_in(opened, numbers, describe, KNOWN)


def pick_suspect(opened: EvaluationContext) -> int | None:
    """Show the wrong answers, the most confident first, and return the number of the one that is picked."""
    numbers = browse.select(opened.examples, Filter(right=False), "most confident")
    st.markdown(
        f"**{len(numbers):,} wrong answers**, the most confident first. Where a network is sure and the label says "
        "otherwise, the label is worth a look: some of these are wrong. Others are the network's own mistakes, so "
        "judge each picture yourself."
    )
    return pick_in(opened, numbers, opened.describe, SUSPECTS)


def pick_in(opened: EvaluationContext, numbers, describe, label: str) -> int | None:
    """Show these pictures in a gallery of their own."""
    name = f"{label} {opened.model.path} {opened.evaluation.split} {opened.evaluation.step}"
    return pick_picture(name, opened.images, numbers, describe, label)
