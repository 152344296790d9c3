"""Charts of calibration and selective prediction."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from digitjax.visualization.charts import style

_BEFORE, _AFTER = "before temperature scaling", "after temperature scaling"


def reliability(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]] | None = None
) -> alt.LayerChart:
    """Chart a reliability diagram: accuracy over confidence in bins, on the diagonal if calibrated.

    Guo et al. 2017, arXiv 1706.04599.

    Args:
        before: a row for each bin: `low` and `high` (its limits), mean `confidence`, `accuracy`, the `interval` of the
            accuracy (all 0 to 1) and `examples`. Empty bins are left out.
        after: the same after temperature scaling, for comparison.

    Returns:
        The diagram.
    """
    names = [_BEFORE, _AFTER] if after is not None else [_BEFORE]
    rows = [
        _bin(row) | {"probabilities": name}
        for name, bins in zip(names, (before, after or []), strict=False)
        for row in bins
        if row["examples"]
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X(
            "confidence:Q",
            title="confidence (%)",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="~%", tickCount=5),
        ),
        y=style.share("accuracy", "accuracy", domain=[0, 1]),
        color=style.color("probabilities", names) if len(names) > 1 else alt.value(style.BLUE),
        tooltip=[
            *[alt.Tooltip("probabilities:N")] * (len(names) > 1),
            alt.Tooltip("low:Q", title="bin from", format=".1%"),
            alt.Tooltip("high:Q", title="bin to", format=".1%"),
            alt.Tooltip("confidence:Q", title="mean confidence", format=".2%"),
            alt.Tooltip("accuracy:Q", format=".2%"),
            alt.Tooltip("interval_low:Q", title="95% CI from", format=".2%"),
            alt.Tooltip("interval_high:Q", title="to", format=".2%"),
            alt.Tooltip("examples:Q", format=",d"),
        ],
    )
    diagonal = (
        alt.Chart(alt.Data(values=[{"confidence": end, "accuracy": end} for end in (0, 1)]))
        .mark_line(color=style.GREY, strokeDash=[6, 3], strokeWidth=1)
        .encode(x="confidence:Q", y="accuracy:Q")
    )
    intervals = base.mark_rule().encode(y="interval_low:Q", y2="interval_high:Q")
    points = base.mark_point(filled=True, opacity=0.9).encode(
        size=alt.Size("examples:Q", legend=None, scale=alt.Scale(type="sqrt", range=[40, 400])),
        **({"shape": style.shape("probabilities", names)} if len(names) > 1 else {}),
    )
    return (diagonal + intervals + points).properties(
        height=420,
        width=420,
        title=style.title(
            "Reliability diagram",
            ["below the diagonal: overconfident", "size: examples · bars: 95% CI"],
        ),
    )


def _bin(row: Mapping[str, Any]) -> dict[str, Any]:
    low, high = row["interval"]
    fields = ("low", "high", "confidence", "accuracy", "examples")
    return {field: row[field] for field in fields} | {"interval_low": low, "interval_high": high}


def risk_coverage(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """Chart the error rate of accepted predictions (risk) over the share of examples accepted (coverage).

    El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective Classification".

    Args:
        rows: each has `coverage`, `risk` and the confidence threshold `confidence` (all 0 to 1). Rows without
            accepted predictions (a risk of NaN) are left out.
    """
    fields = ("coverage", "risk", "confidence")
    values = [{field: row[field] for field in fields} for row in rows if math.isfinite(row["risk"])]
    return (
        alt.Chart(alt.Data(values=values))
        .mark_line(color=style.BLUE, point="transparent")  # a line without points has a single tooltip
        .encode(
            x=alt.X(
                "coverage:Q",
                title="coverage (% of examples)",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format="~%"),
            ),
            y=style.share("risk", "risk", zero=True),
            tooltip=[
                alt.Tooltip("coverage:Q", format=".2%"),
                alt.Tooltip("risk:Q", format=".3%"),
                alt.Tooltip("confidence:Q", title="confidence threshold", format=".2%"),
            ],
        )
        .properties(
            height=320,
            title=style.title(
                "Risk-coverage curve",
                "error rate of accepted predictions, as the confidence threshold falls from left to right",
            ),
        )
    )
