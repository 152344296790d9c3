"""The chart of embeddings, projected to two dimensions."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
from jaxtyping import Float, Integer, UInt8
from PIL import Image

from digitjax.errors import InputError
from digitjax.visualization.charts import style

MAX_EMBEDDING_POINTS = 2_000
"""Maximum points; browsers become slow with more."""

_ZOOM = 3  # enlargement of the thumbnails


def embedding(
    points: Float[np.ndarray, "n 2"],
    labels: Integer[np.ndarray, " n"],
    predicted: Integer[np.ndarray, " n"],
    names: Sequence[str] | None = None,
    images: UInt8[np.ndarray, "n 28 28"] | None = None,
) -> alt.LayerChart:
    """Chart projected embeddings as a scatter plot of the true digits; errors are circled.

    Args:
        points: at most `MAX_EMBEDDING_POINTS` points.
        labels: the true digits.
        predicted: the predicted digits.
        names: of the images in the tooltips; by default their indices.
        images: thumbnails for the tooltips, light digits on a dark ground.

    Returns:
        The scatter plot.

    Raises:
        InputError: there are more points.
    """
    if len(points) > MAX_EMBEDDING_POINTS:
        raise InputError(
            f"an embedding chart has at most {MAX_EMBEDDING_POINTS:,} points, not {len(points):,}: pass fewer"
        )
    rows: list[dict[str, Any]] = [
        {"x": float(x), "y": float(y), "label": int(label), "predicted": int(guess), "name": str(name)}
        for (x, y), label, guess, name in zip(
            points, labels, predicted, range(len(points)) if names is None else names, strict=True
        )
    ]
    tooltips = [
        alt.Tooltip("name:N", title="image name"),
        alt.Tooltip("label:O", title="true digit"),
        alt.Tooltip("predicted:O", title="predicted digit"),
    ]
    if images is not None:
        for row, image in zip(rows, images, strict=True):
            row["image"] = _data_uri(image)
        tooltips.append(alt.Tooltip("image:N", title="image"))  # Vega draws an image in a field of this title
    bare = alt.Axis(grid=False, ticks=False, labels=False)
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("x:Q", title="component 1", scale=alt.Scale(zero=False), axis=bare),
        y=alt.Y("y:Q", title="component 2", scale=alt.Scale(zero=False), axis=bare),
        tooltip=tooltips,
    )
    colors = [style.by_background(*pair) for pair in style.DIGITS]
    digits = base.mark_text(fontWeight="bold").encode(
        text="label:O",
        # Ten colors are more than can be told apart: the glyphs say which class it is.
        color=alt.Color("label:N", scale=alt.Scale(domain=list(range(10)), range=colors), legend=None),
    )
    rings = base.transform_filter("datum.label != datum.predicted").mark_point(
        size=250, color=style.ORANGE, strokeWidth=1.5, opacity=1
    )
    return (digits + rings).properties(
        height=480, title=style.title("Embedding", "true digits; circled: misclassified")
    )


def _data_uri(image: UInt8[np.ndarray, "28 28"]) -> str:
    """Return an enlarged image as a data URI."""
    thumbnail = Image.fromarray(image)
    with io.BytesIO() as file:
        thumbnail.resize((_ZOOM * thumbnail.width, _ZOOM * thumbnail.height), Image.Resampling.NEAREST).save(
            file, "PNG"
        )
        return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
