"""Charts of a sweep: its trials by their hyper-parameters, and the importance of each hyper-parameter."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from digitjax.visualization.charts import style

ACCURACY = "accuracy"
"""Name of the last axis of the parallel coordinates."""
_Row = Mapping[str, Any]


def parallel_coordinates(rows: Sequence[_Row], log_fields: Sequence[str] = ()) -> alt.LayerChart:
    """Chart each trial as a line over one axis a hyper-parameter, and the accuracy at the end.

    Args:
        rows: of complete trials; each has `trial`, `accuracy` (0 to 1) and `params`.
        log_fields: hyper-parameters with a logarithmic axis.

    Returns:
        The chart; its axes are in the order of `params`.
    """
    fields = list(dict.fromkeys(field for row in rows for field in row["params"]))
    axes = [*fields, ACCURACY]
    columns = {field: [row["params"][field] for row in rows] for field in fields}
    columns[ACCURACY] = [row["accuracy"] for row in rows]
    points, ticks = [], []
    for field, values in columns.items():
        positions, ends = _scale(values, field in log_fields, ".1%" if field == ACCURACY else ".4g")
        ticks += [{"field": field, "position": position, "text": text} for position, text in ends]
        points += [
            {"trial": row["trial"], "accuracy": row["accuracy"], "field": field, "value": str(value)}
            | {"position": position}
            for row, value, position in zip(rows, values, positions, strict=True)
        ]
    names = alt.Axis(  # in two lines, which fit on a phone
        labelExpr="split(datum.label, '.')", labelAngle=0, labelLimit=0, labelOverlap=False, grid=True
    )
    x = alt.X("field:N", sort=axes, title=None, axis=names)
    y = alt.Y("position:Q", title=None, axis=None, scale=alt.Scale(domain=[-0.1, 1.1]))
    lines = (
        alt.Chart(alt.Data(values=points))
        .mark_line(point=True, opacity=0.8)
        .encode(
            x=x,
            y=y,
            color=_accuracy_color(),
            detail="trial:N",
            tooltip=[
                alt.Tooltip("trial:N"),
                alt.Tooltip("field:N", title="hyper-parameter"),
                alt.Tooltip("value:N"),
                alt.Tooltip("accuracy:Q", format=".2%"),
            ],
        )
    )
    labels = (
        alt.Chart(alt.Data(values=ticks))
        .mark_text(dy=alt.expr("datum.position > 0.5 ? -12 : 12"), color=style.by_background(*style.SUBTLE))
        .encode(x=x, y=y, text="text:N")
    )
    return (lines + labels).properties(
        height=340,
        title=style.title("Parallel coordinates", "one line a trial, colored by validation accuracy"),
    )


def trial_scatter(rows: Sequence[_Row], x: str, y: str, log_fields: Sequence[str] = ()) -> alt.Chart:
    """Chart the complete trials by two hyper-parameters, or by one and the accuracy.

    Args:
        rows: as those of `parallel_coordinates`.
        x: hyper-parameter of the x-axis.
        y: of the y-axis, or `accuracy`.
        log_fields: hyper-parameters with a logarithmic axis.

    Returns:
        The chart; the color of a point is its accuracy.
    """
    values = [
        {
            "trial": row["trial"],
            "accuracy": row["accuracy"],
            "x": row["params"].get(x),
            "y": row["accuracy"] if y == ACCURACY else row["params"].get(y),
        }
        for row in rows
    ]

    def axis(channel: Any, key: str, field: str) -> Any:
        if not all(isinstance(value[key], int | float) for value in values):
            return channel(f"{key}:N", title=field)
        scale = alt.Scale(type="log" if field in log_fields else "linear", zero=False)
        form = "~%" if field == ACCURACY else alt.Undefined
        return channel(f"{key}:Q", title=field, scale=scale, axis=alt.Axis(format=form))

    return (
        alt.Chart(alt.Data(values=values))
        .mark_point(filled=True, size=80, opacity=0.9)
        .encode(
            x=axis(alt.X, "x", x),
            y=axis(alt.Y, "y", y),
            color=_accuracy_color(),
            tooltip=[
                alt.Tooltip("trial:N"),
                alt.Tooltip("x:N", title=x),
                *([alt.Tooltip("y:N", title=y)] if y != ACCURACY else []),
                alt.Tooltip("accuracy:Q", format=".2%"),
            ],
        )
        .properties(
            height=340, title=style.title("Trials", "complete trials, colored by validation accuracy")
        )
    )


def importances(shares: Mapping[str, float]) -> alt.Chart:
    """Chart the importance of each hyper-parameter.

    Args:
        shares: by name, from 0 to 1.
    """
    values = [{"field": field, "importance": share} for field, share in shares.items()]
    return (
        alt.Chart(alt.Data(values=values))
        .mark_bar(color=style.BLUE)
        .encode(
            x=alt.X("importance:Q", axis=alt.Axis(format="~%"), scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("field:N", sort="-x", title=None, axis=alt.Axis(labelLimit=0)),
            tooltip=[
                alt.Tooltip("field:N", title="hyper-parameter"),
                alt.Tooltip("importance:Q", format=".1%"),
            ],
        )
        .properties(
            title=style.title("Importance", "share of the variance of validation accuracy (PED-ANOVA)")
        )
    )


def _accuracy_color() -> alt.Color:
    scale = alt.Scale(range=style.ramp(style.LINES), zero=False)
    return alt.Color("accuracy:Q", scale=scale, legend=alt.Legend(format=".1%", title="accuracy"))


def _scale(
    values: Sequence[Any], log: bool, number_format: str
) -> tuple[list[float], list[tuple[float, str]]]:
    """Return where values lie on an axis from 0 to 1, and the positions and texts of its labels."""
    if not all(isinstance(value, int | float) for value in values):
        names = sorted(set(map(str, values)))
        position = {name: i / max(1, len(names) - 1) for i, name in enumerate(names)}
        return [position[str(value)] for value in values], [(position[name], name) for name in names]
    numbers = [math.log(value) if log and min(values) > 0 else float(value) for value in values]
    low, high = min(numbers), max(numbers)
    ends = [(0.0, format(min(values), number_format)), (1.0, format(max(values), number_format))]
    return [(number - low) / ((high - low) or 1.0) for number in numbers], ends[: 1 + (high > low)]
