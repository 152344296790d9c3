"""Details of one recognized digit: processing steps, probabilities, attribution, nearest training images."""

from functools import partial

import numpy as np
import streamlit as st

from digitjax.data import pipeline
from digitjax.recognition.recognizer import Digit, Reading
from digitjax.visualization import charts
from digitjax.visualization.explain.neighbors import MAX_IMAGES, NeighborIndex, build_neighbor_index
from digitjax.visualization.explain.network import to_intensity
from digitjax.visualization.grid import diverging_colors
from digitjax.visualization.steps import draw_steps
from parts import background
from parts.attributions import integrated_gradients
from parts.error_display import escape, show_errors
from parts.formatting import ordinal
from parts.images import enlarge, png_url
from parts.models import load_classifier
from parts.recognizers import RecognizerKey, load_recognizer
from parts.weights import Weights

_NEIGHBORS = 8  # training images
_SECONDS = 6  # about how long the attribution, and the index of the neighbors, take at first on two cores


def describe(result: Reading, index: int) -> str:
    """Return the prediction for a digit, such as `4th digit: predicted 7`.

    Args:
        result: of the picture.
        index: of the digit.
    """
    digit = result.digits[index]
    return f"{ordinal(index + 1)} digit: predicted {digit.digit}" + " (rejected)" * digit.rejected


def prepare(model: RecognizerKey) -> None:
    """Begin to prepare what the first details of a digit need, after the model itself.

    Args:
        model: that recognizes the digits.
    """
    if len(model.members) == 1:
        background.prepare(("attribution", *model.members), partial(compile_attribution, model))
        background.prepare(("neighbors", *model.members), partial(prepare_neighbors, model))


@st.cache_resource(max_entries=4, show_spinner=False)
def compile_attribution(model: RecognizerKey) -> None:
    """Compile the attribution, after the model.

    Args:
        model: that recognizes the digits, a single network.

    Raises:
        InputError: it cannot be loaded.
    """
    load_recognizer(model)
    blank = to_intensity(np.zeros((1, 28, 28), np.uint8))
    integrated_gradients(load_classifier(*model.members), blank, np.array([0]))


def prepare_neighbors(model: RecognizerKey) -> NeighborIndex:
    """Load the index of neighbors, after the attribution: two at once would leave the page no processor.

    Args:
        model: that recognizes the digits, a single network.

    Raises:
        InputError: it cannot be loaded, or the training images are not prepared on this machine.
    """
    compile_attribution(model)
    return load_neighbor_index(*model.members)


def show(model: RecognizerKey, result: Reading, index: int) -> None:
    """Show the details of a digit.

    Args:
        model: that recognized it.
        result: of the picture.
        index: of the digit.

    Raises:
        InputError: the network cannot be loaded any more.
    """
    digit = result.digits[index]
    with st.container(border=True):
        st.markdown(f"#### {describe(result, index)}")
        st.markdown(escape(result.explain(digit)))
        show_steps(result, index)
        st.altair_chart(
            charts.probabilities(digit.probabilities),
            alt=f"Probability of each digit: {digit.digit} has {digit.confidence:.1%}",
        )
        if len(model.members) > 1:
            st.info(
                "Attribution and nearest training images are shown for single networks only. Select one of the runs "
                "in the sidebar."
            )
            return
        (weights,) = model.members
        background.wait_for(
            ("attribution", weights),
            "Compiling the attribution",
            _SECONDS,
            partial(compile_attribution, model),
        )
        show_attribution(weights, digit)
        with show_errors():
            show_neighbors(model, digit)


def show_steps(result: Reading, index: int) -> None:
    """Show the steps from the picture to the input of the network.

    Args:
        result: of the picture.
        index: of the digit.
    """
    st.markdown("**From the picture to the network**")
    with st.container(horizontal=True):
        for number, (name, image) in enumerate(draw_steps(result, index).items(), start=1):
            caption = f"{number}. {name}"
            st.image(png_url(image), caption=caption, width=144, alt=f"Step {caption}")


def show_attribution(weights: Weights, digit: Digit) -> None:
    """Show how much each pixel supports or opposes the predicted digit.

    Args:
        weights: of the classifier.
        digit: with its prediction.
    """
    st.markdown(f"**Attribution: which pixels support {digit.digit}**")
    attribution = integrated_gradients(
        load_classifier(weights), to_intensity(digit.image[None]), np.array([digit.digit])
    )
    st.image(
        png_url(enlarge(diverging_colors(np.asarray(attribution))[0])),
        caption=f"orange supports {digit.digit}, blue opposes it",
        width=168,
        alt=f"Attribution of each pixel to {digit.digit}, by integrated gradients",
    )


def show_neighbors(model: RecognizerKey, digit: Digit) -> None:
    """Show the training images whose embeddings are nearest to that of a digit.

    Args:
        model: that recognized it, a single network.
        digit: with its image.

    Raises:
        InputError: the training images are not prepared on this machine.
    """
    st.markdown("**Nearest training images in embedding space**")
    index = background.wait_for(
        ("neighbors", *model.members),
        "Embedding the training images",
        _SECONDS,
        partial(prepare_neighbors, model),
    )
    neighbors = index.nearest(digit.image, _NEIGHBORS)
    with st.container(horizontal=True):
        for image, label in zip(neighbors.images, neighbors.labels, strict=True):
            st.image(
                png_url(enlarge(image)),
                caption=f"label {label}",
                width=84,
                alt=f"Training image with the label {label}",
            )
    searched = len(index.examples)
    st.caption(
        f"Searched {searched:,} training images"
        + f" (at most {MAX_IMAGES:,})" * (searched >= MAX_IMAGES)
        + "."
    )


@st.cache_resource(max_entries=2, show_spinner=False)
def load_neighbor_index(weights: Weights) -> NeighborIndex:
    """Embed the training images of a run, and compile the search of neighbors.

    Raises:
        InputError: they are not prepared on this machine.
    """
    train = pipeline.load_prepared(weights.run.config.data).train
    index = build_neighbor_index(load_classifier(weights), train)
    index.nearest(train.images[0], _NEIGHBORS)
    return index
