"""Charts of what a network makes of pictures: its features, laid out on a plane."""

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

MOST_POINTS = 2_000
"""Points of an embedding; browsers are slow with more."""

_ZOOM = 3


def embedding(
    points: Float[np.ndarray, "n 2"],
    labels: Integer[np.ndarray, " n"],
    predicted: Integer[np.ndarray, " n"],
    names: Sequence[str] | None = None,
    images: UInt8[np.ndarray, "n 28 28"] | None = None,
) -> alt.LayerChart:
    """Chart pictures as points on a plane, each drawn as its digit; mistakes are ringed.

    Args:
        points: where each picture lies, float (n, 2): at most `MOST_POINTS`.
        labels: the true digits, int (n,).
        predicted: the predicted digits, int (n,).
        names: what the tooltips call the pictures; by default their numbers, from 0.
        images: their thumbnails in the tooltips, uint8 (n, 28, 28), ink bright.

    Raises:
        InputError: there are more points.
    """
    if len(points) > MOST_POINTS:
        raise InputError(
            f"an embedding shows at most {MOST_POINTS:,} points, not {len(points):,}: choose fewer"
        )
    rows: list[dict[str, Any]] = [
        {"x": float(x), "y": float(y), "label": int(label), "predicted": int(guess), "name": str(name)}
        for (x, y), label, guess, name in zip(
            points, labels, predicted, range(len(points)) if names is None else names, strict=True
        )
    ]
    tooltips = [
        alt.Tooltip("name:N", title="picture"),
        alt.Tooltip("label:O", title="true digit"),
        alt.Tooltip("predicted:O", title="predicted digit"),
    ]
    if images is not None:
        for row, image in zip(rows, images, strict=True):
            row["image"] = _data_uri(image)
        tooltips.append(alt.Tooltip("image:N", title="image"))  # the title that Vega draws an image for
    bare = alt.Axis(grid=False, ticks=False, labels=False)
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("x:Q", title="first axis (no unit)", scale=alt.Scale(zero=False), axis=bare),
        y=alt.Y("y:Q", title="second axis (no unit)", scale=alt.Scale(zero=False), axis=bare),
        tooltip=tooltips,
    )
    digits = base.mark_text(fontWeight="bold").encode(
        text="label:O",
        # Ten colours are more than can be told apart: the digits tell.
        color=alt.Color("label:N", scale=alt.Scale(domain=list(range(10)), scheme="tableau10"), legend=None),
    )
    rings = base.transform_filter("datum.label != datum.predicted").mark_point(
        size=250, color=style.VERMILLION, strokeWidth=1.5, opacity=1
    )
    return (digits + rings).properties(
        height=480, title=style.title("Embedding", "each picture as its true digit; ringed: read as another")
    )


def _data_uri(image: UInt8[np.ndarray, "28 28"]) -> str:
    """Return a PNG as the address of itself."""
    picture = Image.fromarray(image)
    with io.BytesIO() as file:
        picture.resize((_ZOOM * picture.width, _ZOOM * picture.height), Image.Resampling.NEAREST).save(
            file, "PNG"
        )
        return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
