"""The digits recognized in a picture: boxes, text, probabilities, and details of a selected digit."""

import numpy as np
import streamlit as st

from digitjax.recognition.recognizer import Reading
from digitjax.visualization import charts
from digitjax.visualization.boxes import box_label, draw_boxes
from parts import digit_detail
from parts.error_display import show_errors
from parts.gallery import select_from_gallery
from parts.prediction import show_prediction
from parts.recognizers import RecognizerKey

MAX_DIGITS = 40
"""Most digits that are shown one by one: more would make the page slow."""


def show_picture(result: Reading) -> None:
    """Show a picture with a box around each digit, and the predicted text."""
    picture, text = st.columns([2, 1])
    picture.image(
        draw_boxes(result),
        output_format="PNG",
        alt=f"The picture, with a box around each of {len(result.digits)} digits",
    )
    with text:
        show_text(result)


def show_text(result: Reading) -> None:
    """Show the predicted text."""
    if not result.digits:
        st.info("No digits found in this picture.")
        return
    show_prediction(result.lines)
    if any(digit.rejected for digit in result.digits):
        st.caption("Dashed box and question mark: rejected, low confidence.")


@st.fragment
def show_digits(model: RecognizerKey, result: Reading, key: str) -> None:
    """Show each digit as the network's input with its probabilities, and details of the selected one.

    Args:
        model: that recognized the digits.
        result: of the picture.
        key: identifies the picture in the session.
    """
    digits = result.digits[:MAX_DIGITS]
    if not digits:
        return
    note = f" (the first {MAX_DIGITS} of {len(result.digits)})" * (len(result.digits) > MAX_DIGITS)
    st.markdown(f"**Input of the network for each digit**{note}: select one for details")
    index = select_from_gallery(
        f"digits-{key}",
        np.stack([digit.image for digit in digits]),
        [f"{box_label(digit)} {digit.confidence:.0%}" for digit in digits],
        [
            f"{digit_detail.describe(result, i)}, confidence {digit.confidence:.1%}"
            for i, digit in enumerate(digits)
        ],
        "Recognized digits",
    )
    st.altair_chart(
        charts.probability_heatmap([box_label(digit) for digit in digits], [d.probabilities for d in digits]),
        alt="Probabilities of each recognized digit: "
        + ", ".join(f"{box_label(digit)} has {digit.confidence:.0%}" for digit in digits),
    )
    if index is not None:
        with show_errors():
            digit_detail.show(model, result, index)
