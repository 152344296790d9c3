"""Charts of confusion matrices: of one evaluation, and of the difference of two."""

import math
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np

from digitjax.visualization.charts import style

_SIDE = 420  # px
_BETTER = "better is more (+) on the diagonal, fewer (−) elsewhere"  # noqa: RUF001


def confusion_matrix(confusion: Sequence[Sequence[int]] | np.ndarray, share: bool = False) -> alt.LayerChart:
    """Chart a confusion matrix: true digits down, predicted digits across.

    A click on a cell is the selection `cell` with the fields `true` and `predicted`, which
    `st.altair_chart(..., on_select=...)` hands on. Shades are logarithmic, so that a single mistake can be seen beside
    a thousand right answers; cells without pictures are blank.

    Args:
        confusion: counts (digits, digits), a row for each true digit.
        share: show each count as its share of the true digit (per cent of the row).
    """
    rows = [
        {"true": true, "predicted": predicted, "count": int(count), "share": int(count) / max(1, sum(row))}
        for true, row in enumerate(np.asarray(confusion).tolist())
        for predicted, count in enumerate(row)
    ]
    # The unit of the logarithm: what is seen well beside nothing.
    field, number, unit = ("share", ".1%", 0.001) if share else ("count", ",d", 1)
    highest = max(unit, *(row[field] for row in rows))
    shades = alt.Scale(
        type="symlog", constant=unit, domain=[0, highest], range=[style.LIGHT_BLUE, style.DARK_BLUE]
    )
    dark = f"log(1 + datum.{field} / {unit}) > {math.log1p(highest / unit) / 2}"
    cell = alt.selection_point(name="cell", fields=["true", "predicted"])
    base = _matrix(
        rows,
        alt.Tooltip("count:Q", title="examples", format=",d"),
        alt.Tooltip("share:Q", title="share of the true digit", format=".2%"),
    )
    squares = (
        base.mark_rect(cursor="pointer", strokeWidth=3)
        .encode(
            color=alt.Color(f"{field}:Q", scale=shades, legend=None),
            stroke=alt.condition(cell, alt.value(style.VERMILLION), alt.value(None), empty=False),
        )
        .add_params(cell)
    )
    numbers = (
        base.transform_filter("datum.count > 0")
        .mark_text(cursor="pointer")
        .encode(
            text=alt.Text(f"{field}:Q", format=number),
            color=alt.condition(dark, alt.value("white"), alt.value("black")),
        )
    )
    subtitle = "% of the examples" if share else "examples"
    return (squares + numbers).properties(
        height=_SIDE,
        width=_SIDE,
        title=style.title("Confusion matrix", f"{subtitle} of each true digit, by predicted digit"),
    )


def confusion_difference(difference: Sequence[Sequence[int]] | np.ndarray) -> alt.LayerChart:
    """Chart how a confusion matrix differs from another: true digits down, predicted digits across.

    The numbers say how many pictures more or fewer, the colours whether that is better (blue) or worse
    (vermillion): more on the diagonal are right answers, more elsewhere mistakes. Cells without a difference are blank.

    Args:
        difference: counts of the one less counts of the other (digits, digits), a row for each true digit.
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
    largest = max(1, *(abs(row["gain"]) for row in rows))
    shades = alt.Scale(
        type="symlog",
        domain=[-largest, 0, largest],
        range=[style.VERMILLION, "#F7F7F7", style.BLUE],
        interpolate="lab",
    )
    dark = f"log(1 + abs(datum.gain)) > {math.log1p(largest) * 0.8}"
    base = _matrix(rows, alt.Tooltip("difference:Q", title="pictures more or fewer", format="+,d"))
    squares = base.mark_rect().encode(color=alt.Color("gain:Q", scale=shades, legend=None))
    numbers = (
        base.transform_filter("datum.difference != 0")
        .mark_text()
        .encode(
            text=alt.Text("difference:Q", format="+,d"),
            color=alt.condition(dark, alt.value("white"), alt.value("black")),
        )
    )
    return (squares + numbers).properties(
        height=_SIDE,
        width=_SIDE,
        title=style.title(
            "Difference of the confusion matrices",
            ["pictures more or fewer; blue is better, orange worse:", _BETTER],
        ),
    )


def _matrix(rows: list[dict[str, Any]], *tooltips: alt.Tooltip) -> alt.Chart:
    """Lay cells out, true digits down and predicted digits across."""
    return alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("predicted:O", title="predicted digit", axis=alt.Axis(orient="top", labelAngle=0)),
        y=alt.Y("true:O", title="true digit"),
        tooltip=[
            alt.Tooltip("true:O", title="true digit"),
            alt.Tooltip("predicted:O", title="predicted digit"),
            *tooltips,
        ],
    )
