"""Charts of what a network predicts, for one digit and for each class, and of how many there are of each."""

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


def probability_by_epoch(rows: Sequence[Mapping[str, Any]]) -> alt.LayerChart:
    """Chart the probability that the weights of each epoch gave the true digit of one picture.

    Args:
        rows: each has `epoch`, `probability` (0 to 1, of the true digit) and `predicted`, a digit, and says whether
            that was `right`.
    """
    values = [
        {field: row[field] for field in ("epoch", "probability", "predicted")}
        | {"answer": _ANSWERS[not row["right"]]}
        for row in rows
    ]
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X(
            "epoch:Q", title="epoch", scale=alt.Scale(zero=False), axis=alt.Axis(format="d", tickMinStep=1)
        ),
        y=style.share("probability", "probability", domain=[0, 1]),
        tooltip=[
            alt.Tooltip("epoch:Q"),
            alt.Tooltip("probability:Q", title="probability of the true digit", format=".2%"),
            alt.Tooltip("predicted:O", title="read as"),
            alt.Tooltip("answer:N"),
        ],
    )
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(
        color=style.color("answer", _ANSWERS), shape=style.shape("answer", _ANSWERS)
    )
    return (base.mark_line(color=style.GREY) + dots).properties(height=260, title="The true digit by epoch")


_ANSWERS = ("right", "wrong")


def class_balance(counts: Mapping[str, Sequence[int] | np.ndarray]) -> alt.Chart:
    """Chart how large a share of each split each digit is: splits of any size can be compared.

    Args:
        counts: of each split by its name how many pictures of each digit it holds, from 0 on.
    """
    splits = list(counts)
    rows = [
        {
            "split": split,
            "digit": digit,
            "examples": int(count),
            "share": int(count) / max(1, int(np.sum(each))),
        }
        for split, each in counts.items()
        for digit, count in enumerate(each)
    ]
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            x=alt.X("digit:O", title="digit", axis=alt.Axis(labelAngle=0, grid=True, bandPosition=0.5)),
            xOffset=alt.XOffset("split:N", sort=splits),
            y=style.share("share", "share of the split", zero=True),
            color=style.color("split", splits),
            shape=style.shape("split", splits),
            tooltip=[
                alt.Tooltip("split:N"),
                alt.Tooltip("digit:O"),
                alt.Tooltip("examples:Q", format=",d"),
                alt.Tooltip("share:Q", title="share of the split", format=".2%"),
            ],
        )
        .properties(height=320, title=style.title("Class balance", "how much of each split each digit is"))
    )


def per_class(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """Chart precision, recall and F1 of each digit, as points: the axis begins near the lowest.

    Args:
        rows: `per_class` of `metrics.summarize`: each has `digit`, `precision`, `recall`, `f1` (0 to 1) and `examples`.
    """
    names = ("precision", "F1", "recall")
    fields = ("digit", "precision", "recall", "f1", "examples")
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
                alt.Tooltip("examples:Q", format=",d"),
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
