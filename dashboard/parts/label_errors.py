"""Label issues: known label errors of MNIST, and confident errors, whose labels are likely mislabelled."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from digitjax.evaluation import browse
from digitjax.evaluation.browse import Filter
from digitjax.evaluation.label_errors import AMBIGUOUS, CORRECTED_LABELS, score_without_label_errors
from parts.evaluation_context import EvaluationContext
from parts.example_detail import show_detail
from parts.example_picker import pick_example

LIKELY, KNOWN = "Likely mislabelled", "Known label errors"


@st.fragment
def show(context: EvaluationContext) -> None:
    """Show images whose label may be wrong; a choice reruns this fragment alone."""
    options = [LIKELY]
    if is_mnist_test(context):
        show_scores(context)
        options = [KNOWN, LIKELY]
    kind = st.segmented_control("Images", options, default=options[0], required=True, key="label-issues")
    index = (pick_known if kind == KNOWN else pick_likely)(context)
    if index is not None:
        show_detail(context, index=index)


def is_mnist_test(context: EvaluationContext) -> bool:
    """Whether the images are those of MNIST's test split, whose label errors are known."""
    return context.evaluation.split == "test" and context.model.members()[0].config.data.name == "mnist"


def show_scores(context: EvaluationContext) -> None:
    """Show the accuracy with the original labels beside the accuracy without the known label errors."""
    summary = context.evaluation.summary
    corrected = score_without_label_errors(context.evaluation.logits, context.evaluation.labels)
    with st.container(horizontal=True, gap="medium"):
        for label, score in (
            ("Accuracy (original labels)", summary),
            ("Accuracy (without label errors)", corrected),
        ):
            low, high = score["accuracy_interval"]
            st.metric(
                label,
                f"{score['accuracy']:.2%}",
                f"{score['correct']:,} of {score['examples']:,}; 95% CI {low:.2%} to {high:.2%}",
                delta_color="off",
                delta_arrow="off",
                width="content",
            )
    st.caption(
        f"Report the accuracy with the original labels. For the other, {corrected['corrected']} labels are "
        f"corrected and {corrected['excluded']} images without a clear digit are left out (Northcutt et al. 2021, "
        "arXiv 2103.14749). Several of the corrections are debatable."
    )


def pick_known(context: EvaluationContext) -> int | None:
    """Show the known label errors, and return the index of the selected image."""

    def describe(index: int) -> tuple[str, str]:
        label, predicted = context.examples.label[index], context.examples.predicted[index]
        corrected = CORRECTED_LABELS[index][1] if index in CORRECTED_LABELS else None
        correction = "no clear digit" if corrected is None else f"corrected label {corrected}"
        return (
            f"{label} | {'?' if corrected is None else corrected} | {predicted}",
            f"Image {index} of the test split: original label {label}, {correction}, predicted {predicted}",
        )

    st.caption("Captions: original label | corrected label (? if no digit is clear) | prediction.")
    indices = browse.select_examples(context.examples, Filter(indices=[*CORRECTED_LABELS, *AMBIGUOUS]))
    return _pick(context, indices, describe, KNOWN)


def pick_likely(context: EvaluationContext) -> int | None:
    """Show the errors, the most confident first, and return the index of the selected image."""
    indices = browse.select_examples(context.examples, Filter(correct=False), "most confident")
    st.markdown(
        f"**{len(indices):,} errors**, the most confident first. Many have a wrong label, the others are errors of the "
        "model: check each image."
    )
    return _pick(context, indices, context.describe, LIKELY)


def _pick(
    context: EvaluationContext,
    indices: np.ndarray,
    describe: Callable[[int], tuple[str, str]],
    label: str,
) -> int | None:
    """Show images in a gallery of their own, and return the index of the selected one."""
    name = f"{label} {context.model.path} {context.evaluation.split} {context.evaluation.step}"
    return pick_example(name, context.images, indices, describe, label)
