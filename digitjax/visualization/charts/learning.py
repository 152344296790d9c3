"""The chart of how several runs learn: a measure over steps, epochs or seconds."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import altair as alt
import numpy as np
import pandas as pd

from digitjax.runs.log_reader import Measure, Split
from digitjax.visualization.charts import style
from digitjax.visualization.curves import Curve, thin

Axis = Literal["step", "epoch", "seconds"]
MOST_LINES = len(style.CATEGORIES)  # of runs: more could not be told apart
MOST_MARKS = 1500  # in a chart: more would make it slow
_FEWEST = 8  # points of a curve that are enough for `thin`


class Line(NamedTuple):
    """What is drawn for a split of a run, or of a group of runs."""

    run: str
    split: Split
    curve: Curve
    raw: Curve | None = None
    """What the curve was before it was smoothed."""


def learning_curves(
    lines: Sequence[Line],
    measure: Measure,
    axis: Axis = "step",
    *,
    log_x: bool = False,
    log_y: bool = False,
    most: int = MOST_MARKS,
) -> alt.LayerChart:
    """Chart a measure of several runs or groups along their training.

    Args:
        lines: those of at most `MOST_LINES` runs or groups.
        measure: what they are of.
        axis: what goes to the right; seconds are of training.
        log_x: whether the axis to the right is logarithmic.
        log_y: whether the upward axis is; what such an axis cannot show is left out.
        most: points to draw, of all lines together; `thin` chooses them.
    """
    names = list(dict.fromkeys(line.run for line in lines))
    curves = [(line, line.curve) for line in lines]
    raws = [(line, line.raw) for line in lines if line.raw]
    share = max(_FEWEST, most // max(1, len(curves) + len(raws)))

    def layer(points: pd.DataFrame, y: str = "mean") -> alt.Chart:
        return alt.Chart(points).encode(
            x=alt.X(
                f"{axis}:Q", title=_AXES[axis], scale=_scale(log_x), axis=alt.Axis(format=",f", tickCount=6)
            ),
            y=_y(y, measure, log_y),
            color=style.color("run", names, symbolStrokeWidth=0),  # or dashes spoil its shapes
            detail="split:N",
        )

    def find_points(drawn: Sequence[tuple[Line, Curve]]) -> pd.DataFrame:
        return _tabulate([(line, _choose(curve, axis, log_x, log_y, share)) for line, curve in drawn])

    points = find_points(curves)
    dashes, shapes = style.dash("run", names), style.shape("run", names)
    width = alt.condition(_VALIDATION, alt.value(2), alt.value(1.25))
    seen = alt.condition(f"{_VALIDATION} || datum.last", alt.value(1), alt.value(0))
    layers = [
        layer(points).mark_line().encode(strokeDash=dashes, strokeWidth=width),
        # A line tells nothing of its points: marks, which may be unseen, do.
        layer(points)
        .mark_point(filled=True, size=35)
        .encode(shape=shapes, opacity=seen, tooltip=_tooltips(measure)),
    ]
    if raws:
        layers.insert(0, layer(find_points(raws)).mark_line(opacity=0.3, strokeWidth=1))
    several = points[points["runs"] > 1]
    if len(several):
        layers.insert(0, layer(several, "low").mark_area(opacity=0.2).encode(y2="high:Q"))
    title = style.title(_TITLES[measure], _explain(lines))
    return alt.LayerChart(layer=layers).properties(height=380, title=title)


_VALIDATION = "datum.split === 'validation'"
_TITLES: dict[Measure, str] = {
    "loss": "Loss",
    "accuracy": "Accuracy",
    "error": "Error",
    "learning_rate": "Learning rate",
    "images_per_second": "Throughput",
}
_UNITS: dict[Measure, str] = {
    "loss": "loss (nats)",
    "accuracy": "accuracy (%)",
    "error": "mean squared error",
    "learning_rate": "learning rate",
    "images_per_second": "pictures a second",
}
_FORMATS: dict[Measure, str] = {"accuracy": "~%", "images_per_second": "~s"}
_AXES: dict[Axis, str] = {"step": "step", "epoch": "epoch", "seconds": "seconds of training"}


def _explain(lines: Sequence[Line]) -> list[str]:
    """Say how the chart is read, as far as it applies, in lines that fit on a telephone."""
    splits = {line.split for line in lines}
    smoothed = any(line.raw for line in lines)
    several = any((line.curve.runs > 1).any() for line in lines)
    told = (
        {
            "marks all along: validation": "validation" in splits,
            "at the end alone: training": "train" in splits,
        },
        {"faint: before smoothing": smoothed, "bands: lowest to highest seed": several},
    )
    texts = (" · ".join(text for text, applies in row.items() if applies) for row in told)
    return [text for text in texts if text]


def _tabulate(curves: Sequence[tuple[Line, Curve]]) -> pd.DataFrame:
    """Return a row for each point, which says whether it is the last of its curve."""
    columns = [*Curve._fields, "run", "split", "last"]
    tables = [pd.DataFrame(columns=columns)] * (not curves)
    for line, curve in curves:
        last = np.arange(len(curve.step)) == len(curve.step) - 1
        tables.append(pd.DataFrame(curve._asdict()).assign(run=line.run, split=line.split, last=last))
    return pd.concat(tables)


def _choose(curve: Curve, axis: Axis, log_x: bool, log_y: bool, most: int) -> Curve:
    """Return the points of a curve that are drawn."""
    shown = np.ones(len(curve.step), bool)
    if log_x:
        shown &= getattr(curve, axis) > 0
    if log_y:
        shown &= curve.low > 0
    curve = curve.at(shown)
    columns = (curve.mean, curve.low, curve.high) if (curve.runs > 1).any() else (curve.mean,)
    return curve.at(thin(most, *columns))


def _scale(logarithmic: bool) -> alt.Scale:
    return alt.Scale(type="log") if logarithmic else alt.Scale(zero=False)


def _y(field: str, measure: Measure, logarithmic: bool) -> alt.Y:
    axis = alt.Axis(format=_FORMATS.get(measure, "~g"), tickCount=5)
    return alt.Y(f"{field}:Q", title=_UNITS[measure], scale=_scale(logarithmic), axis=axis)


def _tooltips(measure: Measure) -> list[alt.Tooltip]:
    number = ".2%" if measure == "accuracy" else ",.5~g"
    return [
        alt.Tooltip("run:N"),
        alt.Tooltip("split:N"),
        alt.Tooltip("mean:Q", title=_TITLES[measure].lower(), format=number),
        alt.Tooltip("low:Q", title="lowest seed", format=number),
        alt.Tooltip("high:Q", title="highest seed", format=number),
        alt.Tooltip("runs:Q", title="runs"),
        alt.Tooltip("step:Q", format=",.0f"),
        alt.Tooltip("epoch:Q", format=",.2f"),
        alt.Tooltip("seconds:Q", format=",.1f"),
    ]
