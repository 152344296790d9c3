"""The embeddings of a network projected to a plane, where a region can be selected."""

from functools import partial
from typing import Any

import altair as alt
import numpy as np
import streamlit as st

from digitjax.visualization import charts
from digitjax.visualization.explain import features
from parts import background
from parts.gallery import select_from_gallery
from parts.images import enlarge, load_data, png_url
from parts.models import load_classifier
from parts.weights import Weights

MAX_POINTS = 1000
"""Most images in the map: more are slow to draw, and overlap."""
MAX_IMAGES = 200
"""Most images in the gallery of the selected region."""
PCA, TSNE = "PCA", "t-SNE"
SECONDS = {PCA: 5, TSNE: 6}
"""About how long each takes at first, on two cores."""
AXES = ("x", "y")


def show(weights: Weights, best: Weights) -> None:
    """Show the map of the test split, and the images of the selected region.

    Args:
        weights: of the selected checkpoint.
        best: weights of the same run with the best validation score.

    Raises:
        InputError: the weights or the images cannot be loaded.
    """
    method = st.radio(
        "Projection",
        (PCA, TSNE),
        horizontal=True,
        help="PCA keeps distances and stays aligned between checkpoints. t-SNE separates clusters, "
        "but does not keep the distances between them.",
    )
    points, predicted = background.wait_for(
        ("map", weights, best, method),
        f"Projecting by {method}",
        SECONDS[method],
        partial(prepare_map, weights, best, method),
    )
    background.prepare(("map", weights, best, TSNE), partial(prepare_map, weights, best, TSNE))
    split = load_data(best.run.config.data).test
    images, labels = split.images[: len(points)], split.labels[: len(points)]
    name = f"map-{weights}-{method}"
    event = st.vega_lite_chart(
        map_chart(weights, best, method),
        key=f"{name}-{st.session_state.get(f'{name}-changes', 0)}",
        on_select="rerun",
        alt=f"Map of {len(points)} images of the test split, each drawn as its digit. "
        "The sliders below select a region by keyboard.",
    )
    indices = select_region(name, points, event["selection"].get("brush") or {})
    errors = int((labels[indices] != predicted[indices]).sum())
    st.markdown(f"**{len(indices):,} of {len(points):,} images**, {errors:,} of them predicted incorrectly")
    indices = indices[:MAX_IMAGES]
    position = select_from_gallery(
        f"{name}-images",
        images[indices],
        [str(labels[i]) if labels[i] == predicted[i] else f"{labels[i]} → {predicted[i]}" for i in indices],
        [f"Image {i} of the test split: true digit {labels[i]}, predicted {predicted[i]}" for i in indices],
        "Images in the selected region of the map",
    )
    if position is not None:
        i = int(indices[position])
        st.image(
            png_url(enlarge(images[i])),
            caption=f"Image {i}: true digit {labels[i]}, predicted {predicted[i]}",
            alt=f"Image {i} of the test split, enlarged",
        )


def prepare_map(weights: Weights, best: Weights, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what `project` returns, and build the chart.

    Args:
        weights: of the selected checkpoint.
        best: weights of the same run with the best validation score.
        method: `PCA` or `TSNE`.

    Raises:
        InputError: the weights or the images cannot be loaded.
    """
    map_chart(weights, best, method)
    return project(weights, best, method)


def select_region(name: str, points: np.ndarray, brush: dict[str, list[float]]) -> np.ndarray:
    """Return the points in the region that was brushed with the mouse, which moves the sliders, or set by them.

    Args:
        name: of the map in the session.
        points: float (n, 2).
        brush: lowest and highest value per axis; empty if nothing is brushed.

    Returns:
        Numbers of the points, int (k,).
    """

    def count_change() -> None:
        # A chart keeps its selection under its key: a moved slider, which replaces it, changes the key.
        st.session_state[f"{name}-changes"] = st.session_state.get(f"{name}-changes", 0) + 1

    inside = np.ones(len(points), bool)
    for column, axis, values in zip(st.columns(2), AXES, points.T, strict=True):
        low, high = float(np.floor(values.min())), float(np.ceil(values.max()))
        key = f"{name}-{axis}"
        if brushed := brush.get(axis):
            st.session_state[key] = (max(low, min(brushed)), min(high, max(brushed)))
        elif key not in st.session_state:
            st.session_state[key] = (low, high)
        label = f"{axis.upper()} range"
        first, last = column.slider(
            label, low, high, key=key, step=(high - low) / 100, on_change=count_change
        )
        inside &= (values >= first) & (values <= last)
    return np.flatnonzero(inside)


@st.cache_data(max_entries=32, show_spinner=False)
def project(weights: Weights, best: Weights, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the position and the predicted digit of each image of the test split.

    The principal components are aligned with those of the best weights, so that images can be followed over steps.

    Args:
        weights: of the selected checkpoint.
        best: weights of the same run with the best validation score.
        method: `PCA` or `TSNE`.

    Returns:
        Positions, float (n, 2), and digits, int (n,).

    Raises:
        InputError: the weights or the images cannot be loaded.
    """
    classifier = load_classifier(weights)
    images = load_data(best.run.config.data).test.images[:MAX_POINTS]
    embeddings, logits = features.embed_and_classify(classifier, images)
    predicted = logits.argmax(axis=1)
    if method == TSNE:
        return features.project_tsne(embeddings), predicted
    reference = None if weights == best else project(best, best, method)[0]
    return features.project_pca(embeddings, reference).points, predicted


@st.cache_data(max_entries=8, show_spinner=False)
def map_chart(weights: Weights, best: Weights, method: str) -> dict[str, Any]:
    """Return the map as a Vega-Lite chart with a brush, cached since building it takes longer than drawing it.

    Args:
        weights: of the selected checkpoint.
        best: weights of the same run with the best validation score.
        method: `PCA` or `TSNE`.

    Raises:
        InputError: the weights or the images cannot be loaded.
    """
    points, predicted = project(weights, best, method)
    labels = load_data(best.run.config.data).test.labels[: len(points)]
    chart = charts.embedding(points, labels, predicted)
    return chart.add_params(alt.selection_interval(name="brush")).to_dict()
