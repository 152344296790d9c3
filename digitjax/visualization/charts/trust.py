"""Charts of how far confidences can be trusted: reliability, and the risk of answering more or less often."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from digitjax.visualization.charts import style

_BEFORE, _AFTER = "as trained", "with temperature"


def reliability(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]] | None = None
) -> alt.LayerChart:
    """Chart accuracy over confidence, in bins; where probabilities are calibrated, points lie on the diagonal.

    Guo et al. 2017, arXiv 1706.04599.

    Args:
        before: a row for each bin: `low` and `high` (its limits), mean `confidence`, `accuracy`, the `interval` of the
            accuracy (all 0 to 1) and `examples`. Bins without pictures are left out.
        after: the same with the temperature, if it is to be compared.
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
            alt.Tooltip("interval_low:Q", title="accuracy at least", format=".2%"),
            alt.Tooltip("interval_high:Q", title="accuracy at most", format=".2%"),
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
            "Reliability", "below the diagonal: overconfident · size: pictures · rules: 95 % intervals"
        ),
    )


def _bin(row: Mapping[str, Any]) -> dict[str, Any]:
    low, high = row["interval"]
    fields = ("low", "high", "confidence", "accuracy", "examples")
    return {field: row[field] for field in fields} | {"interval_low": low, "interval_high": high}


def risk_coverage(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """Chart the share of mistakes among the answers (risk) over the share of pictures that are answered (coverage).

    El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective Classification".

    Args:
        rows: each has `coverage`, `risk` and the least `confidence` of those answered (all 0 to 1). Those with a
            risk of NaN (no answers) are left out.
    """
    fields = ("coverage", "risk", "confidence")
    values = [{field: row[field] for field in fields} for row in rows if math.isfinite(row["risk"])]
    return (
        alt.Chart(alt.Data(values=values))
        .mark_line(color=style.BLUE, point="transparent")  # a line without points has one tooltip
        .encode(
            x=alt.X(
                "coverage:Q",
                title="coverage (% of the pictures answered)",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format="~%"),
            ),
            y=style.share("risk", "risk", zero=True),
            tooltip=[
                alt.Tooltip("coverage:Q", format=".2%"),
                alt.Tooltip("risk:Q", format=".3%"),
                alt.Tooltip("confidence:Q", title="answered from a confidence of", format=".2%"),
            ],
        )
        .properties(
            height=320,
            title=style.title(
                "Risk and coverage",
                "mistakes among the answers; from right to left the less sure are left unanswered",
            ),
        )
    )
