"""The chart of robustness to corruptions."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import altair as alt

from digitjax.visualization.charts import style


def corruption_heatmap(rows: Sequence[Mapping[str, Any]], *, by_name: bool = False) -> alt.LayerChart:
    """Chart the accuracy by corruption (y-axis) and severity (x-axis).

    Args:
        rows: each has `corruption` (its name), `severity` (from 1), `accuracy` (0 to 1) and its `interval`.
        by_name: whether to sort the corruptions by name, so that two charts can be compared; by default the lowest mean
            accuracy is first.

    Returns:
        The heatmap, with the accuracy in each cell.
    """
    cells = [
        {
            "corruption": row["corruption"],
            "severity": row["severity"],
            "accuracy": row["accuracy"],
            "interval_low": row["interval"][0],
            "interval_high": row["interval"][1],
        }
        for row in rows
    ]
    accuracies: dict[str, list[float]] = defaultdict(list)
    for cell in cells:
        accuracies[cell["corruption"]].append(cell["accuracy"])
    lowest = min((cell["accuracy"] for cell in cells), default=0)
    base = alt.Chart(alt.Data(values=cells)).encode(
        x=alt.X("severity:O", title="severity", axis=alt.Axis(orient="top", labelAngle=0)),
        y=alt.Y(
            "corruption:N",
            title=None,
            sort=sorted(accuracies, key=None if by_name else lambda name: fmean(accuracies[name])),
            axis=alt.Axis(labelLimit=0),
        ),
        tooltip=[
            alt.Tooltip("corruption:N"),
            alt.Tooltip("severity:O"),
            alt.Tooltip("accuracy:Q", format=".2%"),
            alt.Tooltip("interval_low:Q", title="95% CI from", format=".2%"),
            alt.Tooltip("interval_high:Q", title="to", format=".2%"),
        ],
    )
    squares = base.mark_rect().encode(
        color=alt.Color(
            "accuracy:Q",
            scale=alt.Scale(domain=[lowest, 1], range=style.ramp()),
            legend=None,
        )
    )
    numbers = base.mark_text().encode(
        text=alt.Text("accuracy:Q", format=".1%"),
        color=style.text_on("accuracy"),
    )
    return (squares + numbers).properties(
        height=alt.Step(26),
        width=360,
        title=style.title(
            "Accuracy on corrupted images",
            "% of examples" if by_name else "% of examples; the worst corruption first",
        ),
    )
