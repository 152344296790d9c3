"""Charts of training: the curves of a run, those of several runs, and what is learned and forgotten."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Literal

import altair as alt

from digitjax.visualization.charts import style

Metric = Literal["loss", "accuracy", "error"]
_SPLITS = ["train", "validation", "test"]


def curves(lines: Sequence[Mapping[str, Any]], metric: Metric) -> alt.LayerChart:
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
    for point in _points(lines, metric):
        points[point["split"]].append(point)

    def layer(rows: list[dict[str, Any]], tooltip: str) -> alt.Chart:
        return alt.Chart(alt.Data(values=rows)).encode(
            x=alt.X("step:Q", title="step", axis=alt.Axis(format=",d")),
            y=_axis("value", metric),
            color=style.color("split", ["train", "validation"]),
            tooltip=[
                alt.Tooltip("value:Q", title=tooltip, format=_NUMBERS[metric]),
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
        title=style.title(
            metric.capitalize(), "faint: batches · dashed: their mean by epoch · dots: validation"
        ),
    )


def compare_curves(
    runs: Mapping[str, Sequence[Mapping[str, Any]] | Sequence[Sequence[Mapping[str, Any]]]], metric: Metric
) -> alt.LayerChart:
    """Chart the validation curves of several runs, or groups of seeds, over their steps.

    Args:
        runs: by label the rows of `metrics.jsonl` of a run, or those of each run of a group: their mean is
            drawn, in a band from the lowest to the highest. What `curves` leaves out is left out.
        metric: as of `curves`.

    Raises:
        KeyError: a row lacks the metric, `step`, `epoch` or `split`.
    """
    names = list(runs)
    rows = [{"run": name, **row} for name in names for row in _spread(runs[name], metric)]
    color = style.color("run", names)
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("step:Q", title="step", axis=alt.Axis(format=",d", tickCount=10)),
        tooltip=[
            alt.Tooltip("run:N"),
            alt.Tooltip("mean:Q", title=f"validation {metric}", format=_NUMBERS[metric]),
            alt.Tooltip("low:Q", title="lowest", format=_NUMBERS[metric]),
            alt.Tooltip("high:Q", title="highest", format=_NUMBERS[metric]),
            alt.Tooltip("seeds:Q", title="runs"),
            alt.Tooltip("step:Q", format=",d"),
            alt.Tooltip("epoch:Q"),
        ],
    )
    bands = base.mark_area(opacity=0.2).encode(y=_axis("low", metric), y2="high:Q", color=color)
    lines = base.mark_line().encode(y=_axis("mean", metric), color=color)
    dots = base.mark_point(filled=True, size=50, opacity=1).encode(
        y=_axis("mean", metric), color=color, shape=style.shape("run", names)
    )
    return (bands + lines + dots).properties(
        height=360,
        title=style.title(
            f"Validation {metric}", "lines: mean of the runs · bands: from the lowest to the highest of them"
        ),
    )


def history(rows: Sequence[Mapping[str, Any]]) -> alt.LayerChart:
    """Chart the accuracy on each split after each epoch.

    Args:
        rows: each has `epoch`, `split` and `accuracy` (0 to 1).
    """
    values = [{field: row[field] for field in ("epoch", "split", "accuracy")} for row in rows]
    splits = _splits(values)
    base = alt.Chart(alt.Data(values=values)).encode(
        x=_epochs("Q"),
        y=style.share("accuracy", "accuracy"),
        color=style.color("split", splits),
        tooltip=[
            alt.Tooltip("split:N"),
            alt.Tooltip("epoch:Q"),
            alt.Tooltip("accuracy:Q", format=".2%"),
        ],
    )
    dots = base.mark_point(filled=True, size=50, opacity=1).encode(shape=style.shape("split", splits))
    return (base.mark_line() + dots).properties(
        height=320, title=style.title("Accuracy by epoch", "of the weights at the end of each epoch")
    )


def learned_and_forgotten(rows: Sequence[Mapping[str, Any]]) -> alt.LayerChart:
    """Chart how many pictures each epoch learned, upwards, and forgot, downwards.

    Toneva et al. 2019, arXiv 1812.05159.

    Args:
        rows: each has `epoch`, `split`, and how many pictures were `learned` (wrong before, right after the epoch)
            and `forgotten` (the other way round).
    """
    values = [
        {field: row[field] for field in ("epoch", "split", "learned", "forgotten")}
        | {"lost": -row["forgotten"]}
        for row in rows
    ]
    splits = _splits(values)
    base = (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(
            x=_epochs("O"),
            xOffset=alt.XOffset("split:N", sort=splits),
            color=style.color("split", splits),
            tooltip=[
                alt.Tooltip("split:N"),
                alt.Tooltip("epoch:Q"),
                alt.Tooltip("learned:Q", title="pictures learned", format=",d"),
                alt.Tooltip("forgotten:Q", title="pictures forgotten", format=",d"),
            ],
        )
    )
    learned, forgotten = (
        base.encode(y=alt.Y(f"{field}:Q", title="examples", axis=_COUNTS)) for field in ("learned", "lost")
    )
    return (learned + forgotten).properties(
        height=320,
        title=style.title(
            "Learned and forgotten by epoch",
            "up: wrong before the epoch, right after it · down: right before, wrong after",
        ),
    )


# Upwards and downwards are numbers of pictures alike: no signs.
_COUNTS = alt.Axis(labelExpr="format(abs(datum.value), ',d')", tickCount=6)
_NUMBERS = {"accuracy": ".2%", "loss": ".4f", "error": ".5f"}
_LOGARITHMIC = {"loss": "loss (nats)", "error": "mean squared error"}


def _axis(field: str, metric: Metric) -> alt.Y:
    """Return the axis of a metric: of an accuracy in per cent, else logarithmic."""
    if metric == "accuracy":
        return style.share(field, "accuracy")
    return alt.Y(
        f"{field}:Q",
        title=_LOGARITHMIC[metric],
        scale=alt.Scale(type="log"),
        axis=alt.Axis(format="~g", tickCount=5),
    )


def _epochs(kind: Literal["Q", "O"]) -> alt.X:
    scale = alt.Scale(zero=False) if kind == "Q" else alt.Undefined
    return alt.X(f"epoch:{kind}", title="epoch", scale=scale, axis=alt.Axis(format="d", labelAngle=0))


def _points(lines: Sequence[Mapping[str, Any]], metric: Metric) -> list[dict[str, Any]]:
    """Return what an axis of the metric can show."""
    points = [
        {"step": line["step"], "epoch": line["epoch"], "split": line["split"], "value": line[metric]}
        for line in lines
    ]
    return [p for p in points if math.isfinite(p["value"]) and (metric == "accuracy" or p["value"] > 0)]


def _epoch_means(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Average value and step over each epoch, which puts the mean in the middle of what it averages."""
    epochs: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for point in points:
        epochs[point["epoch"]].append(point)
    return [
        {**group[0], "step": fmean(p["step"] for p in group), "value": fmean(p["value"] for p in group)}
        for group in epochs.values()
    ]


def _spread(
    lines: Sequence[Mapping[str, Any]] | Sequence[Sequence[Mapping[str, Any]]], metric: Metric
) -> list[dict[str, Any]]:
    """Return mean, lowest and highest validation value at each step, of a run or of those of a group."""
    seeds: Any = [lines] if lines and isinstance(lines[0], Mapping) else lines
    steps: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for seed in seeds:
        validation = [line for line in seed if line["split"] == "validation"]
        for point in _points(validation, metric):
            steps[point["step"]].append(point)
    rows = []
    for step, points in sorted(steps.items()):
        values = [point["value"] for point in points]
        rows.append(
            {
                "step": step,
                "epoch": points[0]["epoch"],
                "mean": fmean(values),
                "low": min(values),
                "high": max(values),
                "seeds": len(values),
            }
        )
    return rows


def _splits(rows: list[dict[str, Any]]) -> list[str]:
    """Name the splits in the rows, in the order in which every chart colours them."""
    there = {row["split"] for row in rows}
    return [split for split in _SPLITS if split in there] + sorted(there.difference(_SPLITS))
