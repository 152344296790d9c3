"""One picture and what was made of it: the probabilities, the loss, what the training forgot, what people say."""

import numpy as np
import streamlit as st
from scipy.special import softmax

from digitjax.visualization import charts
from parts import tagging
from parts.error_display import escape, show_errors
from parts.evaluation_context import EvaluationContext
from parts.pictures import enlarge

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NARROW, _WIDE = 168, 290  # pixels: both fit beside a gallery, and on a phone


def show_detail(*opened: EvaluationContext, number: int) -> None:
    """Show a picture and what each of one or two models made of it; side by side where there is room."""
    first = opened[0]
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=_NARROW):
            st.image(
                enlarge(first.images[number]),
                caption=f"picture {number:,}, true digit {first.examples.label[number]}",
                width=_NARROW,
                output_format="PNG",
                alt=first.describe(number)[1],
            )
        for one in opened:
            with st.container(width=_WIDE):
                if len(opened) > 1:
                    st.markdown(f"**{escape(one.model.name)}**")
                _show_reading(one, number)
        for one in opened:
            if one.history is not None:
                with st.container(width=_WIDE):
                    _show_history(one, number, named=len(opened) > 1)
        with st.container(width=_WIDE), show_errors():
            tagging.edit(first, number)


def _show_reading(opened: EvaluationContext, number: int) -> None:
    """Show what a model made of a picture."""
    pictures = opened.examples
    label, predicted = int(pictures.label[number]), int(pictures.predicted[number])
    confidence = f"{pictures.confidence[number]:.1%}"
    st.markdown(
        f"Read as **{predicted}**, {'right' if label == predicted else 'wrong'}, {confidence} confident. "
        f"The true digit came {_ORDINALS[pictures.rank[number] - 1]}."
    )
    higher = int((pictures.loss > pictures.loss[number]).sum())
    st.caption(
        f"Loss {pictures.loss[number]:.4f} nats: {higher:,} of {len(pictures):,} pictures have a higher one."
    )
    st.altair_chart(
        charts.probabilities(softmax(opened.evaluation.logits[number])),
        alt=f"Probability of each digit: {predicted} has {confidence}",
    )


def _show_history(opened: EvaluationContext, number: int, named: bool) -> None:
    """Show when a picture was right on the way, and how often it was forgotten."""
    pictures, split = opened.examples, opened.history.of(opened.evaluation.split)
    times = int(pictures.forgotten[number])
    learned, for_good = int(pictures.learned[number]), int(pictures.learned_for_good[number])
    said = [
        f"Learned in epoch {learned}" if learned else "Never learned",
        f"for good from epoch {for_good} on" if for_good else "wrong in the end",
        f"forgotten {times} time{'s' * (times != 1)}",
    ]
    name = f"{escape(opened.model.name)}: " if named else ""
    st.caption(f"{name}{', '.join(said)}.")
    rows = [
        {"epoch": epoch, "probability": float(probability), "predicted": int(predicted), "right": bool(right)}
        for epoch, probability, predicted, right in zip(
            opened.history.epochs,
            np.clip(split.probability[:, number], 0, 1),
            split.predicted[:, number],
            split.correct[:, number],
            strict=True,
        )
    ]
    st.altair_chart(
        charts.probability_by_epoch(rows),
        alt="Probability of the true digit by epoch: "
        + ", ".join(f"{row['probability']:.0%}" for row in rows),
    )
