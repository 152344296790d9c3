"""Details of an image: predictions, probabilities, loss, training history and tags."""

import numpy as np
import streamlit as st
from scipy.special import softmax

from digitjax.evaluation.history import History
from digitjax.visualization import charts
from parts import tag_editor
from parts.error_display import escape, show_errors
from parts.evaluation_context import EvaluationContext
from parts.formatting import ordinal
from parts.images import enlarge, png_url

_IMAGE_WIDTH = 168  # pixels
_TEXT_WIDTH = 290  # pixels: fits beside a gallery, and on a phone


def show_detail(*contexts: EvaluationContext, index: int) -> None:
    """Show an image with the predictions of one or two models, side by side where there is room.

    Args:
        contexts: evaluations of the same split.
        index: of the image.
    """
    first = contexts[0]
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=_IMAGE_WIDTH):
            st.image(
                png_url(enlarge(first.images[index])),
                caption=f"image {index:,}, true digit {first.examples.label[index]}",
                width=_IMAGE_WIDTH,
                alt=first.describe(index)[1],
            )
        for context in contexts:
            with st.container(width=_TEXT_WIDTH):
                if len(contexts) > 1:
                    st.markdown(f"**{escape(context.model.name)}**")
                _show_prediction(context, index)
        for context in contexts:
            if context.history is not None:
                with st.container(width=_TEXT_WIDTH):
                    _show_history(context, context.history, index, named=len(contexts) > 1)
        with st.container(width=_TEXT_WIDTH), show_errors():
            tag_editor.show(first, index)


def _show_prediction(context: EvaluationContext, index: int) -> None:
    """Show the prediction, the loss and the probabilities of a model for an image."""
    examples = context.examples
    label, predicted = int(examples.label[index]), int(examples.predicted[index])
    confidence = f"{examples.confidence[index]:.1%}"
    outcome = "correct" if label == predicted else "incorrect"
    text = f"Predicted **{predicted}** with confidence {confidence}: {outcome}."
    if label != predicted:
        text += f" The true digit ranks {ordinal(int(examples.rank[index]))}."
    st.markdown(text)
    higher = int((examples.loss > examples.loss[index]).sum())
    st.caption(f"Loss {examples.loss[index]:.4f} nats, rank {higher + 1:,} of {len(examples):,}.")
    st.altair_chart(
        charts.probabilities(softmax(context.evaluation.logits[index])),
        alt=f"Probability of each digit: {predicted} has {confidence}",
    )


def _show_history(context: EvaluationContext, history: History, index: int, *, named: bool) -> None:
    """Show at which epochs a model predicted an image correctly, and how often it forgot it."""
    examples, split = context.examples, history.get_split(context.evaluation.split)
    columns = (examples.first_correct_epoch, examples.stays_correct_from, examples.forgetting_events)
    values = [
        int(column[index]) for column in columns if column is not None
    ]  # all three, as there is a history
    name = f"{escape(context.model.name)}: " if named else ""
    st.caption(name + describe_history(*values))
    rows = [
        {
            "epoch": epoch,
            "probability": float(probability),
            "predicted": int(predicted),
            "correct": bool(correct),
        }
        for epoch, probability, predicted, correct in zip(
            history.epochs,
            np.clip(split.probability[:, index], 0, 1),
            split.predicted[:, index],
            split.correct[:, index],
            strict=True,
        )
    ]
    st.altair_chart(
        charts.probability_by_epoch(rows),
        alt="Probability of the true digit by epoch: "
        + ", ".join(f"{row['probability']:.0%}" for row in rows),
    )


def describe_history(first_correct_epoch: int, stays_correct_from: int, forgetting_events: int) -> str:
    """Return a sentence on the epochs at which an image was predicted correctly.

    Args:
        first_correct_epoch: first epoch with a correct prediction; 0 if there is none.
        stays_correct_from: epoch from which on all predictions are correct; 0 if the last is incorrect.
        forgetting_events: number of changes from a correct to an incorrect prediction.
    """
    if not first_correct_epoch:
        return "Never predicted correctly."
    end = f"correct from epoch {stays_correct_from} on" if stays_correct_from else "incorrect at the end"
    times = f"{forgetting_events} forgetting event{'s' * (forgetting_events != 1)}"
    return f"First predicted correctly in epoch {first_correct_epoch}, {end}; {times}."
