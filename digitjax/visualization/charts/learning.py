"""The chart of learning curves: a metric of one or several runs over steps, epochs or seconds."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import altair as alt
import numpy as np
import pandas as pd

from digitjax.runs.log_reader import SPLITS, Metric, Split, TrainingLog
from digitjax.visualization.charts import style
from digitjax.visualization.curves import Curve, aggregate_curve, downsample

Axis = Literal["step", "epoch", "seconds"]
MAX_RUNS = 20
"""Maximum runs and groups in a chart; colors and markers tell up to 36 apart."""
MAX_POINTS = 1500
"""Maximum points in a chart, of all its curves together; browsers become slow with more."""
_MIN_POINTS = 8  # of a curve: what `downsample` needs for three columns


def learning_curves(
    logs: Mapping[str, TrainingLog | Sequence[TrainingLog]],
    metric: Metric,
    axis: Axis = "step",
    *,
    splits: Sequence[Split] = SPLITS,
    color_by: Literal["run", "split"] = "run",
    smoothing: float = 0.0,
    log_x: bool = False,
    log_y: bool = False,
    max_points: int = MAX_POINTS,
) -> alt.LayerChart:
    """Chart a metric of runs, or of groups of seeds, over their training.

    The curves of a group are the means of its seeds, with a band from the lowest to the highest.

    Args:
        logs: by name, the log of a run or those of the seeds of a group; at most `MAX_RUNS`.
        metric: the logged field on the y-axis.
        axis: the x-axis; seconds are of training.
        splits: which curves to draw.
        color_by: what colors tell apart; splits always differ in their dashes and markers.
        smoothing: weight of the exponential moving average of training curves, from 0 (none) to below 1; the
            unsmoothed curves stay visible, and the learning rate, which has no noise, is never smoothed.
        log_x: logarithmic x-axis.
        log_y: logarithmic y-axis; values that it cannot show are left out.
        max_points: maximum points of all curves together; longer ones are downsampled.

    Returns:
        The chart, empty where nothing was logged.
    """
    lines = _compute_lines(logs, metric, splits, smoothing)
    names = list(dict.fromkeys(getattr(line, color_by) for line in lines))
    curves = [(line, _visible(line.curve, axis, log_x, log_y)) for line in lines]
    unsmoothed = [(line, _visible(line.unsmoothed, axis, log_x, log_y)) for line in lines if line.unsmoothed]
    share = max(_MIN_POINTS, max_points // max(1, len(curves) + len(unsmoothed)))
    points = _tabulate(curves, share)
    color = style.color(color_by, names, symbolStrokeWidth=0)  # a stroke would be dashed

    def base(points: pd.DataFrame, y: str = "mean") -> alt.Chart:
        return alt.Chart(points).encode(
            x=x_axis(axis, axis, log_x), y=_y(y, metric, log_y), color=color, detail=["run:N", "split:N"]
        )

    layers = []
    if len(several := points[points["runs"] > 1]):
        layers.append(base(several, "low").mark_area(opacity=0.2, clip=True).encode(y2="high:Q"))
    if unsmoothed:
        layers.append(base(_tabulate(unsmoothed, share)).mark_line(opacity=0.3, strokeWidth=1, clip=True))
    dashes = style.dash("split", _DASHES, legend=color_by == "run" and len(splits) > 1)
    layers.append(_draw_lines(base(points), dashes))
    for some, groups in ((several, True), (points[points["runs"] == 1], False)):
        if len(some):  # only the points of groups tell of seeds
            markers = _draw_markers(base(some), style.shape(color_by, names))
            layers.append(markers.encode(tooltip=tooltips(metric, groups)))
    downsampled = len(points) < sum(len(curve.step) for _, curve in curves)
    title = style.title(_TITLES[metric], _subtitle(lines, max_points if downsampled else None))
    return alt.LayerChart(layer=layers).properties(height=380, title=title)


def _draw_lines(base: alt.Chart, dashes: alt.StrokeDash) -> alt.Chart:
    """Return the lines of all curves: solid for validation, dashed and thinner for training."""
    width = alt.condition(_VALIDATION, alt.value(2), alt.value(1.25))
    return base.mark_line(clip=True).encode(strokeDash=dashes, strokeWidth=width)


def _draw_markers(base: alt.Chart, shapes: alt.Shape) -> alt.Chart:
    """Return the markers of the curves, all of which are visible for validation and the last for training.

    Invisible markers have tooltips, which a line only has as a whole.
    """
    visible = alt.condition(f"{_VALIDATION} || datum.last", alt.value(1), alt.value(0))
    return base.mark_point(filled=True, size=35, clip=True).encode(shape=shapes, opacity=visible)


_DASHES: dict[str, list[int]] = {"train": [4, 3], "validation": [1, 0]}
"""Lengths of dashes and gaps in pixels."""
_VALIDATION = "datum.split === 'validation'"
_TITLES: dict[Metric, str] = {
    "loss": "Loss",
    "accuracy": "Accuracy",
    "error": "Error",
    "learning_rate": "Learning rate",
    "images_per_second": "Throughput",
}
_UNITS: dict[Metric, str] = {
    "loss": "loss (nats)",
    "accuracy": "accuracy (%)",
    "error": "mean squared error",
    "learning_rate": "learning rate",
    "images_per_second": "images per second",
}
_FORMATS: dict[Metric, str] = {"accuracy": "~%", "images_per_second": "~s"}
_AXES: dict[Axis, str] = {"step": "step", "epoch": "epoch", "seconds": "training time (s)"}


class _Line(NamedTuple):
    """The curve of one split of a run, or of a group."""

    run: str
    split: Split
    curve: Curve
    unsmoothed: Curve | None


def _compute_lines(
    logs: Mapping[str, TrainingLog | Sequence[TrainingLog]],
    metric: Metric,
    splits: Sequence[Split],
    smoothing: float,
) -> list[_Line]:
    """Return the curves that have points, smoothed where they are of training."""
    lines = []
    for name, log in logs.items():
        seeds = [log] if isinstance(log, TrainingLog) else log
        for split in splits:
            curve = aggregate_curve(seeds, split, metric)
            if not len(curve.step):
                continue
            if smoothing and split == "train" and metric != "learning_rate":
                lines.append(_Line(name, split, aggregate_curve(seeds, split, metric, smoothing), curve))
            else:
                lines.append(_Line(name, split, curve, None))
    return lines


def _subtitle(lines: Sequence[_Line], max_points: int | None) -> list[str]:
    """Explain the marks that the chart has, in lines that fit on a phone."""
    splits = {line.split for line in lines}
    seeds = any((line.curve.runs > 1).any() for line in lines)
    rows = (
        {
            f"{''.join(splits)} split": len(splits) == 1,
        },
        {"faint: unsmoothed": any(line.unsmoothed for line in lines), "bands: lowest to highest seed": seeds},
        {f"downsampled to {max_points or 0:,} points (min/max kept)": max_points is not None},
    )
    texts = (" · ".join(text for text, applies in row.items() if applies) for row in rows)
    return [text for text in texts if text]


def _tabulate(curves: Sequence[tuple[_Line, Curve]], max_points: int) -> pd.DataFrame:
    """Return a row for each point of the downsampled curves, which says whether it is the last of its curve."""
    columns = [*Curve._fields, "run", "split", "last"]
    tables = [pd.DataFrame(columns=columns)] * (not curves)
    for line, curve in curves:
        extremes = (curve.mean, curve.low, curve.high) if (curve.runs > 1).any() else (curve.mean,)
        curve = curve.take(downsample(max_points, *extremes))
        last = np.arange(len(curve.step)) == len(curve.step) - 1
        tables.append(pd.DataFrame(curve._asdict()).assign(run=line.run, split=line.split, last=last))
    return pd.concat(tables)


def _visible(curve: Curve, axis: Axis, log_x: bool, log_y: bool) -> Curve:
    """Return the points of a curve that the axes can show."""
    shown = np.ones(len(curve.step), bool)
    if log_x:
        shown &= getattr(curve, axis) > 0
    if log_y:
        shown &= curve.low > 0
    return curve.take(shown)


def _scale(logarithmic: bool) -> alt.Scale:
    return alt.Scale(type="log") if logarithmic else alt.Scale(zero=False)


def x_axis(field: str, axis: Axis, logarithmic: bool) -> alt.X:
    """Return the x-axis of a chart.

    Args:
        field: whose values are its positions.
        axis: what it shows.
        logarithmic: whether its scale is.
    """
    return alt.X(
        f"{field}:Q", title=_AXES[axis], scale=_scale(logarithmic), axis=alt.Axis(format=",f", tickCount=6)
    )


def _y(field: str, metric: Metric, logarithmic: bool) -> alt.Y:
    # Of one extent, so that charts below each other are aligned.
    axis = alt.Axis(format=_FORMATS.get(metric, "~g"), tickCount=5, minExtent=40, maxExtent=40)
    scale = alt.Scale(
        type="log" if logarithmic else alt.Undefined, zero=False, padding=4
    )  # clipped marks fit in
    return alt.Y(f"{field}:Q", title=_UNITS[metric], scale=scale, axis=axis)


def tooltips(metric: Metric, groups: bool) -> list[alt.Tooltip]:
    """Return the tooltips of a point.

    Args:
        metric: of the chart.
        groups: whether it is that of a group of seeds.
    """
    number = ".2%" if metric == "accuracy" else ",.5~g"
    seeds = [
        alt.Tooltip("low:Q", title="lowest seed", format=number),
        alt.Tooltip("high:Q", title="highest seed", format=number),
        alt.Tooltip("runs:Q", title="seeds"),
    ]
    return [
        alt.Tooltip("run:N"),
        alt.Tooltip("split:N"),
        alt.Tooltip("mean:Q", title=_TITLES[metric].lower(), format=number),
        *(seeds if groups else []),
        alt.Tooltip("step:Q", format=",.0f"),
        alt.Tooltip("epoch:Q", format=",.2f"),
        alt.Tooltip("seconds:Q", format=",.1f"),
    ]
