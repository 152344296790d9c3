"""The map of the features: pictures that a network finds alike lie together; a part of it can be looked at closely."""

from typing import Any

import altair as alt
import numpy as np
import streamlit as st

from digitjax.visualization import charts
from digitjax.visualization.explain import features
from digitjax.visualization.explain.network import to_ink
from parts.gallery import pick
from parts.models import Weights, load_classifier
from parts.pictures import enlarge, load_data

MOST_POINTS = 1000  # more are slow to draw, and lie on each other
MOST_PICTURES = 200
METHODS = ("principal components", "t-SNE")
AXES = ("x", "y")


def show(weights: Weights, best: Weights) -> None:
    """Show the map for some weights of a run, and the pictures of the part that is marked in it."""
    method = st.radio(
        "Laid out by",
        METHODS,
        horizontal=True,
        help="Principal components keep distances, and hold still when the weights change. t-SNE shows groups apart, "
        "takes some seconds at first, and says nothing about how far they are from each other.",
    )
    points, predicted = lay_out(weights, best, method)
    split = load_data(best.run.config.data).test
    images, labels = split.images[: len(points)], split.labels[: len(points)]
    name = f"map-{weights}-{method}"
    event = st.vega_lite_chart(
        draw(weights, best, method),
        key=f"{name}-{st.session_state.get(f'{name}-moves', 0)}",
        on_select="rerun",
        alt=f"Map of {len(points)} pictures of the test split, each drawn as its digit. "
        "The sliders below mark a part of it by keyboard.",
    )
    inside = choose_part(name, points, event["selection"].get("brush") or {})
    wrong = int((labels[inside] != predicted[inside]).sum())
    st.markdown(f"**{len(inside):,} of {len(points):,} pictures**, {wrong:,} of them read as another digit")
    inside = inside[:MOST_PICTURES]
    picked = pick(
        f"{name}-pictures",
        images[inside],
        [str(labels[i]) if labels[i] == predicted[i] else f"{labels[i]} → {predicted[i]}" for i in inside],
        [f"Picture {i} of the test split: a {labels[i]}, read as {predicted[i]}" for i in inside],
        "Pictures in the marked part of the map",
    )
    if picked is not None:
        i = int(inside[picked])
        st.image(
            enlarge(images[i]),
            caption=f"Picture {i}: a {labels[i]}, read as {predicted[i]}",
            output_format="PNG",
            alt=f"Picture {i} of the test split, enlarged",
        )


def choose_part(name: str, points: np.ndarray, brush: dict[str, list[float]]) -> np.ndarray:
    """Return which points lie in the part that is marked with the mouse, which moves the sliders, or by them."""

    def count_move() -> None:
        # A chart keeps what was marked: a move of a slider, which undoes it, gives it another key.
        st.session_state[f"{name}-moves"] = st.session_state.get(f"{name}-moves", 0) + 1

    inside = np.ones(len(points), bool)
    for column, axis, values in zip(st.columns(2), AXES, points.T, strict=True):
        low, high = float(np.floor(values.min())), float(np.ceil(values.max()))
        key = f"{name}-{axis}"
        if marked := brush.get(axis):
            st.session_state[key] = (max(low, min(marked)), min(high, max(marked)))
        elif key not in st.session_state:
            st.session_state[key] = (low, high)
        label = "Across" if axis == "x" else "Up"
        first, last = column.slider(label, low, high, key=key, step=(high - low) / 100, on_change=count_move)
        inside &= (values >= first) & (values <= last)
    return np.flatnonzero(inside)


@st.cache_data(max_entries=32, show_spinner="Laying out the pictures")
def lay_out(weights: Weights, best: Weights, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Return where each picture of the test split lies, float (n, 2), and what it is read as, int (n,).

    Principal components are turned like those of the best weights, so that pictures can be followed over the steps.

    Raises:
        InputError: the weights or the pictures cannot be had.
    """
    classifier = load_classifier(weights)
    images = load_data(best.run.config.data).test.images[:MOST_POINTS]
    made = features.embed(classifier, images)
    predicted = np.asarray(classifier(to_ink(images))).argmax(axis=1)
    if method == "t-SNE":
        return features.spread_out(made), predicted
    like = None if weights == best else lay_out(best, best, method)[0]
    return features.project(made, like).points, predicted


@st.cache_data(max_entries=8, show_spinner=False)
def draw(weights: Weights, best: Weights, method: str) -> dict[str, Any]:
    """Return the map as a chart that can be marked; a thousand points take longer to chart than to draw.

    Raises:
        InputError: the weights or the pictures cannot be had.
    """
    points, predicted = lay_out(weights, best, method)
    labels = load_data(best.run.config.data).test.labels[: len(points)]
    chart = charts.embedding(points, labels, predicted)
    return chart.add_params(alt.selection_interval(name="brush")).to_dict()
