"""All about one digit of a picture: each step to the network, and why it was read as it was."""

import numpy as np
import streamlit as st

from digitjax.data import pipeline
from digitjax.recognition.recognizer import Digit, Reading
from digitjax.visualization import charts
from digitjax.visualization.explain.neighbours import MOST, Neighbourhood, find_neighbourhood
from digitjax.visualization.explain.network import to_ink
from digitjax.visualization.grid import diverging
from digitjax.visualization.steps import draw_steps
from parts.attributions import integrated_gradients
from parts.error_display import escape, show_errors
from parts.models import Reader, Weights, load_classifier
from parts.pictures import enlarge

_NEAREST = 8  # training pictures


def show(reader: Reader, reading: Reading, number: int) -> None:
    """Show all about the digit of this number in a picture.

    Raises:
        InputError: the network cannot be loaded any more.
    """
    digit = reading.digits[number]
    with st.container(border=True):
        st.markdown(f"#### Digit {number + 1}: {'left out, ' * digit.rejected}read as {digit.digit}")
        st.markdown(escape(reading.explain(digit)))
        show_steps(reading, number)
        st.altair_chart(
            charts.probabilities(digit.probabilities),
            alt=f"Probability of each digit: {digit.digit} has {digit.confidence:.1%}",
        )
        if len(reader.members) > 1:
            st.info(
                "Several networks read together: which pixels count, and which training pictures are near, "
                "can be shown of one alone. Choose one of the runs at the side."
            )
            return
        (weights,) = reader.members
        show_attribution(weights, digit)
        with show_errors():
            show_nearest(weights, digit)


def show_steps(reading: Reading, number: int) -> None:
    """Show what becomes of the digit on its way from the picture to the network."""
    st.markdown("**From the picture to the network**")
    with st.container(horizontal=True):
        for place, (name, image) in enumerate(draw_steps(reading, number).items(), start=1):
            caption = f"{place}. {name}"
            st.image(image, caption=caption, width=144, output_format="PNG", alt=f"Step {caption}")


def show_attribution(weights: Weights, digit: Digit) -> None:
    """Show how much each pixel speaks for what the digit was read as."""
    st.markdown(f"**Which pixels speak for a {digit.digit}**")
    attribution = integrated_gradients(
        load_classifier(weights), to_ink(digit.image[None]), np.array([digit.digit])
    )
    st.image(
        enlarge(diverging(np.asarray(attribution))[0]),
        caption=f"vermillion speaks for a {digit.digit}, blue against it",
        width=168,
        output_format="PNG",
        alt=f"Attribution of each pixel to a {digit.digit}, by integrated gradients",
    )


def show_nearest(weights: Weights, digit: Digit) -> None:
    """Show the training pictures that the network takes to be most like the digit."""
    st.markdown("**The training pictures that the network finds most like it**")
    near = load_neighbourhood(weights).nearest(digit.image, _NEAREST)
    with st.container(horizontal=True):
        for image, label in zip(near.images, near.labels, strict=True):
            st.image(
                enlarge(image),
                caption=f"a {label}",
                width=84,
                output_format="PNG",
                alt=f"A training picture: a {label}",
            )
    st.caption(f"Among {len(load_neighbourhood(weights).examples):,} of them, at most {MOST:,}.")


@st.cache_resource(max_entries=2, show_spinner="Looking through the training pictures")
def load_neighbourhood(weights: Weights) -> Neighbourhood:
    """Embed training pictures of a run.

    Raises:
        InputError: they are not here.
    """
    train = pipeline.load_prepared(weights.run.config.data).train
    return find_neighbourhood(load_classifier(weights), train)
