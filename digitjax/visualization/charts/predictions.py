"""Charts of what a network predicts: for one digit, and for each class."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np

from digitjax.visualization.charts import style


def probabilities(p: Sequence[float] | np.ndarray) -> alt.Chart:
    """Chart the probability of each digit, the most probable one in a stronger colour.

    Args:
        p: (digits,), each 0 to 1.
    """
    values = np.asarray(p, float)
    rows = [
        {"digit": digit, "probability": float(value), "best": digit == int(values.argmax())}
        for digit, value in enumerate(values)
    ]
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_bar()
        .encode(
            x=alt.X("digit:O", title="digit", axis=alt.Axis(labelAngle=0)),
            y=alt.Y(
                "probability:Q",
                title="probability (%)",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format="~%", tickCount=3),
            ),
            color=alt.condition("datum.best", alt.value(style.BLUE), alt.value(style.GREY)),
            tooltip=[alt.Tooltip("digit:O"), alt.Tooltip("probability:Q", format=".2%")],
        )
        .properties(height=220, title="Probability of each digit")
    )


def per_class(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """Chart precision, recall and F1 of each digit, as points: the axis begins near the lowest.

    Args:
        rows: `per_class` of `metrics.summarize`: each has `digit`, `precision`, `recall`, `f1` (0 to 1) and `pictures`.
    """
    names = ("precision", "F1", "recall")
    fields = ("digit", "precision", "recall", "f1", "pictures")
    return (
        alt.Chart(alt.Data(values=[{field: row[field] for field in fields} for row in rows]))
        .transform_calculate(F1="datum.f1")
        .transform_fold([*names], as_=["measure", "value"])
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            x=alt.X("digit:O", title="digit", axis=alt.Axis(labelAngle=0, grid=True, bandPosition=0.5)),
            xOffset=alt.XOffset("measure:N", sort=names),
            y=style.share("value", "score"),
            color=style.color("measure", names),
            shape=style.shape("measure", names),
            tooltip=[
                alt.Tooltip("digit:O", title="true digit"),
                alt.Tooltip("precision:Q", format=".2%"),
                alt.Tooltip("recall:Q", format=".2%"),
                alt.Tooltip("f1:Q", title="F1", format=".2%"),
                alt.Tooltip("pictures:Q", format=",d"),
            ],
        )
        .properties(
            height=320,
            title=style.title(
                "Precision and recall by digit",
                "precision: right of those read as the digit · recall: right of those that are it · F1: harmonic mean",
            ),
        )
    )
