"""Charts of learning curves below each other that zoom and pan together, and share a crosshair."""

import warnings
from collections.abc import Mapping

import altair as alt

from digitjax.runs.log_reader import Metric
from digitjax.visualization.charts import style
from digitjax.visualization.charts.learning import Axis, tooltips, x_axis


def link(
    charts: Mapping[Metric, alt.LayerChart], axis: Axis = "step", *, log_x: bool = False
) -> alt.VConcatChart:
    """Stack charts of learning curves with one legend.

    Drag to pan, hold Shift and scroll to zoom, double-click to reset.

    Args:
        charts: of `learning_curves` by metric, all over the same x-axis.
        axis: the x-axis.
        log_x: whether it is logarithmic.

    Returns:
        The charts, each of which has the nearest points as its first layer and the crosshair as its last.
    """
    hover = alt.selection_point(
        name="hover", fields=[axis], nearest=True, on="pointermove", clear="pointerout", empty=False
    )
    zoom = alt.selection_interval(name="zoom", encodings=["x"], bind="scales", zoom="wheel![event.shiftKey]")
    crosshair = (
        alt.Chart(alt.InlineData([{}]))
        .transform_calculate(position=f"isValid(hover.{axis}) ? hover.{axis}[0] : null")
        .transform_filter("isValid(datum.position)")
        .mark_rule(color=style.GREY, clip=True, aria=False)  # screen readers have the points
        .encode(x=x_axis("position", axis, log_x))
    )
    stacked = []
    for metric, chart in charts.items():
        lines = next(layer for layer in chart.layer if layer.mark.type == "line")
        # Below the markers, of which those of groups tell more.
        nearest = (
            alt.Chart(lines.data)
            .mark_point(opacity=0)
            .encode(x=lines.encoding.x, y=lines.encoding.y, tooltip=tooltips(metric, groups=False))
        )
        layers = [nearest.add_params(hover, zoom), *chart.layer, crosshair]
        stacked.append(alt.LayerChart(layer=layers, height=240, title=chart.title))
    with warnings.catch_warnings():
        # One selection for all charts is what is wanted.
        warnings.filterwarnings("ignore", "Automatically deduplicated selection parameter")
        return alt.VConcatChart(vconcat=stacked, spacing=24)
