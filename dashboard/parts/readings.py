"""What was read in a picture: its boxes, its text, and each digit, of which one can be picked."""

import numpy as np
import streamlit as st

from digitjax.recognition.recognizer import Reading
from digitjax.visualization import charts
from digitjax.visualization.boxes import draw_boxes, label_of
from parts import digits
from parts.error_display import show_errors
from parts.gallery import pick
from parts.models import Reader, load_recognizer

MOST_DIGITS = 40  # shown one by one: more would make the page slow


@st.cache_resource(max_entries=4, show_spinner="Reading")  # large pictures take 80 MB each
def read(reader: Reader, content: bytes) -> Reading:
    """Read the bytes of a picture.

    Raises:
        InputError: it is no picture that can be decoded.
    """
    return load_recognizer(reader).read(content)


def show_picture(reading: Reading) -> None:
    """Show a picture with its boxes beside what was read in it."""
    picture, text = st.columns([2, 1])
    picture.image(
        draw_boxes(reading),
        output_format="PNG",
        alt=f"The picture, with a box around each of {len(reading.digits)} digits",
    )
    with text:
        show_text(reading)


def show_text(reading: Reading) -> None:
    """Show what was read."""
    if not reading.digits:
        st.info("No digits were found in this picture.")
        return
    st.metric("Read as", reading.text or "-")
    if any(digit.rejected for digit in reading.digits):
        st.caption("Left out, with a question mark and a dashed box: too doubtful to be counted as read.")


@st.fragment
def show_digits(reader: Reader, reading: Reading, key: str) -> None:
    """Show each digit as the network saw it, the probabilities that it gave, and all about the one that is picked."""
    found = reading.digits[:MOST_DIGITS]
    if not found:
        return
    rest = f", the first {MOST_DIGITS} of {len(reading.digits)}" * (len(reading.digits) > MOST_DIGITS)
    st.markdown(
        f"**Each digit as the network saw it**{rest}: pick one, by mouse or arrow keys, to see how it was read"
    )
    picked = pick(
        f"digits-{key}",
        np.stack([digit.image for digit in found]),
        [f"{label_of(digit)} {digit.confidence:.0%}" for digit in found],
        [
            f"Digit {number}: {'left out, ' * digit.rejected}read as {digit.digit}, {digit.confidence:.1%} confident"
            for number, digit in enumerate(found, start=1)
        ],
        "Digits that were found",
    )
    st.altair_chart(
        charts.probability_table([label_of(digit) for digit in found], [d.probabilities for d in found]),
        alt="Probabilities of each digit that was found: "
        + ", ".join(f"{label_of(digit)} has {digit.confidence:.0%}" for digit in found),
    )
    if picked is not None:
        with show_errors():
            digits.show(reader, reading, picked)
