"""Charts of the stress test of reading."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from digitjax.visualization.charts import style

_STAGES = ("foreground", "segmentation", "classifier", "rejection")


def accuracy_by_condition(rows: Sequence[Mapping[str, Any]]) -> alt.LayerChart:
    """Chart the share of the digits that are read in each condition, the lowest first.

    Args:
        rows: the `scores` of `StressReport.to_dict`; conditions without digits are left out.

    Returns:
        A dot for each condition, joined to a tick at the accuracy of the classifier on the same digits.
    """
    points = sorted(
        (
            {
                "condition": row["condition"],
                "read": max(0.0, 1 - row["digit_error_rate"]),
                "classifier_accuracy": row["classifier_accuracy"],
                "exact_match": row["exact_match"],
                "interval_low": row["exact_match_interval"][0],
                "interval_high": row["exact_match_interval"][1],
                "pages": row["pages"],
                "digits": row["digits"],
                **{stage: row["lost"][stage] for stage in _STAGES},
                "extra": row["extra"],
            }
            for row in rows
            if row["digits"]
        ),
        key=lambda point: point["read"],
    )
    base = alt.Chart(alt.Data(values=points)).encode(
        y=alt.Y(
            "condition:N",
            title=None,
            sort=[point["condition"] for point in points],
            axis=alt.Axis(labelLimit=0, grid=False),
        ),
        tooltip=[
            alt.Tooltip("condition:N"),
            alt.Tooltip("read:Q", title="digits read", format=".2%"),
            alt.Tooltip("classifier_accuracy:Q", title="classifier alone", format=".2%"),
            alt.Tooltip("exact_match:Q", title="pages read exactly", format=".2%"),
            alt.Tooltip("interval_low:Q", title="at least", format=".2%"),
            alt.Tooltip("interval_high:Q", title="at most", format=".2%"),
            alt.Tooltip("pages:Q", format=","),
            alt.Tooltip("digits:Q", format=","),
            *(alt.Tooltip(f"{stage}:Q", title=f"lost by {stage}", format=",") for stage in _STAGES),
            alt.Tooltip("extra:Q", title="extra digits", format=","),
        ],
    )
    lowest = min((min(point["read"], point["classifier_accuracy"]) for point in points), default=0)
    scale = alt.Scale(domain=[lowest, 1], nice=True)
    axis = alt.X("read:Q", title="digits (%)", axis=alt.Axis(format="~%"), scale=scale, stack=None)
    beside = alt.X("classifier_accuracy:Q", scale=scale, stack=None)
    shortfall = base.mark_rule(color=style.GREY, opacity=0.6).encode(x=axis, x2="classifier_accuracy:Q")
    classifier = base.mark_point(shape="stroke", angle=90, color=style.GREY, size=120).encode(x=beside)
    read = base.mark_circle(color=style.BLUE, size=60, opacity=1).encode(x=axis)
    return (shortfall + classifier + read).properties(
        height=alt.Step(16),
        title=style.title(
            "Reading by condition",
            [
                "Dot: share of the digits that are read (100 % less the digit error rate)",
                "Tick: accuracy of the classifier alone on the same digits",
            ],
        ),
    )


def lost_by_stage(rows: Sequence[Mapping[str, Any]], max_conditions: int = 30) -> alt.Chart:
    """Chart the digits that each stage of the recognizer loses, by condition.

    Args:
        rows: the `scores` of `StressReport.to_dict`.
        max_conditions: how many conditions to show, those that lose the largest share first.

    Returns:
        A stacked bar for each condition.
    """
    losing = [row for row in rows if row["digits"] and sum(row["lost"].values())]
    losing.sort(key=lambda row: -sum(row["lost"].values()) / row["digits"])
    bars = [
        {
            "condition": row["condition"],
            "stage": stage,
            "order": order,
            "share": row["lost"][stage] / row["digits"],
            "lost": row["lost"][stage],
        }
        for row in losing[:max_conditions]
        for order, stage in enumerate(_STAGES)
        if row["lost"][stage]
    ]
    return (
        alt.Chart(alt.Data(values=bars))
        .mark_bar()
        .encode(
            x=alt.X("share:Q", title="digits lost (%)", axis=alt.Axis(format="~%")),
            y=alt.Y(
                "condition:N",
                title=None,
                sort=[row["condition"] for row in losing[:max_conditions]],
                axis=alt.Axis(labelLimit=0),
            ),
            color=style.color("stage", _STAGES),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("condition:N"),
                alt.Tooltip("stage:N"),
                alt.Tooltip("lost:Q", title="digits lost", format=","),
                alt.Tooltip("share:Q", title="share of the digits", format=".2%"),
            ],
        )
        .properties(
            height=alt.Step(16),
            title=style.title(
                "Digits lost by stage", "The conditions that lose the largest share of their digits"
            ),
        )
    )


def false_readings(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """Chart the share of the pages without digits in which digits are read.

    Args:
        rows: the `scores` of `StressReport.to_dict`; conditions that show digits are left out.
    """
    bars = [
        {
            "condition": row["condition"].removeprefix("no digit: "),
            "share": row["false_readings"] / row["pages"],
            "false_readings": row["false_readings"],
            "pages": row["pages"],
        }
        for row in rows
        if not row["digits"]
    ]
    return (
        alt.Chart(alt.Data(values=bars))
        .mark_bar(color=style.BLUE)
        .encode(
            x=alt.X("share:Q", title="pages with a false reading (%)", axis=alt.Axis(format="~%")),
            y=alt.Y("condition:N", title=None, sort="-x", axis=alt.Axis(labelLimit=0)),
            tooltip=[
                alt.Tooltip("condition:N"),
                alt.Tooltip("false_readings:Q", title="pages with a false reading", format=","),
                alt.Tooltip("pages:Q", format=","),
                alt.Tooltip("share:Q", format=".1%"),
            ],
        )
        .properties(
            height=alt.Step(18), title=style.title("False readings", "Pages on which there is no digit")
        )
    )
