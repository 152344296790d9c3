"""Charts of a confusion matrix, and of the difference of two."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np

from digitjax.visualization.charts import style

_SIDE = 420  # pixels
_EXPLANATION = [
    "change in the number of examples",
    "blue: improved, orange: regressed",
    "on the diagonal, more is better",
]


def confusion_matrix(confusion: Sequence[Sequence[int]] | np.ndarray, share: bool = False) -> alt.LayerChart:
    """Chart a confusion matrix: true digits on the y-axis, predicted digits on the x-axis.

    Clicking a cell sets the selection `cell` with the fields `true` and `predicted`, which
    `st.altair_chart(..., on_select=...)` returns. The color scale is logarithmic, so that a single error is visible
    beside a thousand correct predictions; empty cells are blank.

    Args:
        confusion: counts (classes, classes), a row for each true digit.
        share: normalize each row, and show per cent of the true digit.

    Returns:
        The chart.
    """
    rows = [
        {"true": true, "predicted": predicted, "count": int(count), "share": int(count) / max(1, sum(row))}
        for true, row in enumerate(np.asarray(confusion).tolist())
        for predicted, count in enumerate(row)
    ]
    # The linear range of the symlog scale, which must be visible beside 0.
    field, number, unit = ("share", ".1%", 0.001) if share else ("count", ",d", 1)
    highest = max(unit, *(row[field] for row in rows))
    shades = alt.Scale(type="symlog", constant=unit, domain=[0, highest], range=style.ramp())
    cell = alt.selection_point(name="cell", fields=["true", "predicted"])
    base = _matrix(
        rows,
        alt.Tooltip("count:Q", title="examples", format=",d"),
        alt.Tooltip("share:Q", title="% of the true digit", format=".2%"),
    )
    squares = (
        base.mark_rect(cursor="pointer", strokeWidth=3)
        .encode(
            color=alt.Color(f"{field}:Q", scale=shades, legend=None),
            stroke=alt.condition(cell, alt.value(style.ORANGE), alt.value(None), empty=False),
        )
        .add_params(cell)
    )
    numbers = (
        base.transform_filter("datum.count > 0")
        .mark_text(cursor="pointer")
        .encode(
            text=alt.Text(f"{field}:Q", format=number),
            color=style.text_on(field),
        )
    )
    subtitle = "% of examples" if share else "examples"
    return (squares + numbers).properties(
        height=_SIDE,
        width=_SIDE,
        title=style.title("Confusion matrix", f"{subtitle} of each true digit, by predicted digit"),
    )


def confusion_difference(difference: Sequence[Sequence[int]] | np.ndarray) -> alt.LayerChart:
    """Chart the difference of two confusion matrices: true digits on the y-axis, predicted digits on the x-axis.

    Cells are blue where the difference is an improvement (more on the diagonal, fewer elsewhere), orange where it is a
    regression, and blank where there is none.

    Args:
        difference: counts (classes, classes) of B minus those of A, a row for each true digit.
    """
    rows = [
        {
            "true": true,
            "predicted": predicted,
            "difference": int(count),
            "gain": int(count) if true == predicted else -int(count),
        }
        for true, row in enumerate(np.asarray(difference).tolist())
        for predicted, count in enumerate(row)
    ]
    limit = max(1, *(abs(row["gain"]) for row in rows))
    shades = alt.Scale(
        type="symlog",
        domain=[-limit, 0, limit],
        range=[style.ORANGE, style.by_background(*style.NEUTRAL), style.BLUE],
        interpolate="lab",
    )
    base = _matrix(rows, alt.Tooltip("difference:Q", title="difference in examples", format="+,d"))
    squares = base.mark_rect().encode(color=alt.Color("gain:Q", scale=shades, legend=None))
    numbers = (
        base.transform_filter("datum.difference != 0")
        .mark_text()
        .encode(
            text=alt.Text("difference:Q", format="+,d"),
            color=style.text_on("gain"),
        )
    )
    return (squares + numbers).properties(
        height=_SIDE,
        width=_SIDE,
        title=style.title(
            "Difference of the confusion matrices",
            _EXPLANATION,
        ),
    )


def _matrix(rows: list[dict[str, Any]], *tooltips: alt.Tooltip) -> alt.Chart:
    """Return a chart of cells without marks."""
    return alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("predicted:O", title="predicted digit", axis=alt.Axis(orient="top", labelAngle=0)),
        y=alt.Y("true:O", title="true digit"),
        tooltip=[
            alt.Tooltip("true:O", title="true digit"),
            alt.Tooltip("predicted:O", title="predicted digit"),
            *tooltips,
        ],
    )
