"""Charts: numbers in, Altair charts out, the same in the dashboard, in notebooks and in reports.

Needs the extra `app`. The colours are those of Okabe and Ito, and shades of one blue: people of every
colour vision can tell them apart, and no chart tells anything by colour alone.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Literal

import altair as alt
import numpy as np

_BLUE, _VERMILLION, _GREY = "#0072B2", "#D55E00", "#808080"  # seen on white and on black


def curves(
    lines: Sequence[Mapping[str, Any]], metric: Literal["loss", "accuracy", "error"]
) -> alt.LayerChart:
    """Chart the training and validation curves of a run over its steps.

    Args:
        lines: rows of `metrics.jsonl`, as `Run.metrics` returns them: each has `step`, `epoch`, `split`
            ("train" or "validation") and the metric. Values that an axis cannot show are left out:
            NaN, infinities, and a loss or error of 0, since these are drawn on a logarithmic axis.
        metric: "loss" (nats), "accuracy" (0 to 1) or "error" (mean square, of ink from 0 to 1).

    Raises:
        KeyError: a row lacks one of these.
    """
    points: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        point = {"step": line["step"], "epoch": line["epoch"], "split": line["split"], "value": line[metric]}
        if math.isfinite(point["value"]) and (metric == "accuracy" or point["value"] > 0):
            points[line["split"]].append(point)
    if metric == "accuracy":
        title, number = "accuracy (%)", ".2%"
        y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(format="~%"))
    else:
        title, number = {"loss": ("loss (nats)", ".4f"), "error": ("mean squared error", ".5f")}[metric]
        y = alt.Y(
            "value:Q", title=title, scale=alt.Scale(type="log"), axis=alt.Axis(format="~g", tickCount=5)
        )

    def layer(rows: list[dict[str, Any]], tooltip: str) -> alt.Chart:
        return alt.Chart(alt.Data(values=rows)).encode(
            x=alt.X("step:Q", title="step", axis=alt.Axis(format=",d")),
            y=y,
            color=alt.Color(
                "split:N",
                title=None,
                scale=alt.Scale(domain=["train", "validation"], range=[_BLUE, _VERMILLION]),
                legend=alt.Legend(orient="top", symbolOpacity=1),
            ),
            tooltip=[
                alt.Tooltip("value:Q", title=tooltip, format=number),
                alt.Tooltip("step:Q", format=",.0f"),
                alt.Tooltip("epoch:Q"),
            ],
        )

    batches = layer(points["train"], f"{metric} of a batch").mark_line(opacity=0.4, strokeWidth=1)
    means = layer(_epoch_means(points["train"]), f"mean {metric} of an epoch").mark_line(
        strokeDash=[6, 3], point=alt.OverlayMarkDef(size=15)
    )
    validation = layer(points["validation"], f"validation {metric}").mark_line(
        point=alt.OverlayMarkDef(size=50)
    )
    return (batches + means + validation).properties(
        height=360,
        title=alt.TitleParams(
            metric.capitalize(),
            subtitle="faint: batches · dashed: their mean by epoch · dots: validation",
            subtitleColor=_GREY,
        ),
    )


def _epoch_means(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Average value and step over each epoch, which puts the mean in the middle of what it averages."""
    epochs: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for point in points:
        epochs[point["epoch"]].append(point)
    return [
        {**group[0], "step": fmean(p["step"] for p in group), "value": fmean(p["value"] for p in group)}
        for group in epochs.values()
    ]


def confusion_matrix(confusion: Sequence[Sequence[int]] | np.ndarray) -> alt.LayerChart:
    """Chart a confusion matrix: true digits down, predicted digits across.

    A click on a cell is the selection `cell` with the fields `true` and `predicted`, which
    `st.altair_chart(..., on_select=...)` hands on. Shades are logarithmic, so that a single mistake can be seen beside
    a thousand right answers; cells without pictures are blank.

    Args:
        confusion: counts (digits, digits), a row for each true digit.
    """
    rows = [
        {"true": true, "predicted": predicted, "count": int(count), "share": int(count) / max(1, sum(row))}
        for true, row in enumerate(np.asarray(confusion).tolist())
        for predicted, count in enumerate(row)
    ]
    highest = max(1, *(row["count"] for row in rows))
    shades = alt.Scale(type="symlog", domain=[0, highest], range=["#EEF3FA", "#08519C"])
    dark = f"log(1 + datum.count) > {math.log1p(highest) / 2}"
    cell = alt.selection_point(name="cell", fields=["true", "predicted"])
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("predicted:O", title="predicted digit", axis=alt.Axis(orient="top", labelAngle=0)),
        y=alt.Y("true:O", title="true digit"),
        tooltip=[
            alt.Tooltip("true:O", title="true digit"),
            alt.Tooltip("predicted:O", title="predicted digit"),
            alt.Tooltip("count:Q", title="pictures", format=",d"),
            alt.Tooltip("share:Q", title="share of the true digit", format=".2%"),
        ],
    )
    squares = (
        base.mark_rect(cursor="pointer", strokeWidth=3)
        .encode(
            color=alt.Color("count:Q", scale=shades, legend=None),
            stroke=alt.condition(cell, alt.value(_VERMILLION), alt.value(None), empty=False),
        )
        .add_params(cell)
    )
    counts = (
        base.transform_filter("datum.count > 0")
        .mark_text(cursor="pointer")
        .encode(
            text=alt.Text("count:Q", format=",d"),
            color=alt.condition(dark, alt.value("white"), alt.value("black")),
        )
    )
    return (squares + counts).properties(
        height=420,
        width=420,
        title=alt.TitleParams(
            "Confusion matrix",
            subtitle="pictures of each true digit, by predicted digit",
            subtitleColor=_GREY,
        ),
    )


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
            color=alt.condition("datum.best", alt.value(_BLUE), alt.value(_GREY)),
            tooltip=[alt.Tooltip("digit:O"), alt.Tooltip("probability:Q", format=".2%")],
        )
        .properties(height=220, title="Probability of each digit")
    )
