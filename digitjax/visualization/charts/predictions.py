"""Charts of predictions: of one image, over the epochs, and by class; and of the class balance."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np

from digitjax.visualization.charts import style


def probabilities(p: Sequence[float] | np.ndarray) -> alt.Chart:
    """Chart class probabilities as bars, with the predicted class highlighted.

    Args:
        p: probabilities (classes,), each 0 to 1.
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
        .properties(height=220, title="Class probabilities")
    )


def probability_by_epoch(rows: Sequence[Mapping[str, Any]]) -> alt.LayerChart:
    """Chart the probability of the true digit of one image after each epoch.

    Args:
        rows: each has `epoch`, `probability` (of the true digit, 0 to 1), `predicted` (a digit) and `correct` (whether
            the prediction is correct).
    """
    values = [
        {field: row[field] for field in ("epoch", "probability", "predicted")}
        | {"prediction": _OUTCOMES[not row["correct"]]}
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
            alt.Tooltip("predicted:O", title="predicted digit"),
            alt.Tooltip("prediction:N"),
        ],
    )
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(
        color=style.color("prediction", _OUTCOMES), shape=style.shape("prediction", _OUTCOMES)
    )
    return (base.mark_line(color=style.GREY) + dots).properties(
        height=260, title="Probability of the true digit by epoch"
    )


_OUTCOMES = ("correct", "incorrect")


def class_balance(counts: Mapping[str, Sequence[int] | np.ndarray]) -> alt.Chart:
    """Chart the class distribution of each split, in per cent so that splits of any size can be compared.

    Args:
        counts: by split, the number of images of each digit from 0.
    """
    splits = list(counts)
    rows = [
        {
            "split": split,
            "digit": digit,
            "examples": int(count),
            "share": int(count) / max(1, int(np.sum(by_digit))),
        }
        for split, by_digit in counts.items()
        for digit, count in enumerate(by_digit)
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
        .properties(height=320, title=style.title("Class balance", "share of each digit in each split"))
    )


def per_class(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """Chart precision, recall and F1 of each class as points; the y-axis does not start at 0.

    Args:
        rows: `per_class` of `metrics.summarize`: each has `digit`, `precision`, `recall`, `f1` (0 to 1) and `examples`.
    """
    names = ("precision", "F1", "recall")
    fields = ("digit", "precision", "recall", "f1", "examples")
    return (
        alt.Chart(alt.Data(values=[{field: row[field] for field in fields} for row in rows]))
        .transform_calculate(F1="datum.f1")
        .transform_fold([*names], as_=["metric", "value"])
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            x=alt.X("digit:O", title="digit", axis=alt.Axis(labelAngle=0, grid=True, bandPosition=0.5)),
            xOffset=alt.XOffset("metric:N", sort=names),
            y=style.share("value", "score"),
            color=style.color("metric", names),
            shape=style.shape("metric", names),
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
                "Precision and recall by class",
                [
                    "precision: correct of those predicted",
                    "recall: correct of those labelled",
                    "F1: harmonic mean",
                ],
            ),
        )
    )
