"""What all charts share: colors, titles and axes in per cent."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#808080"
"""Colors that stand out on white and on black."""
LIGHT_BLUE, DARK_BLUE = "#EEF3FA", "#08519C"
"""Ends of the sequential colormap of counts and shares."""
CATEGORIES = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Categorical palette of Okabe and Ito."""
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
_LEGEND_CHARACTERS = 40  # that fit in a row of a legend on a phone
_LABEL_WIDTH = 260  # pixels of a label that fit on a phone


def title(text: str, subtitle: str | list[str]) -> alt.TitleParams:
    """Return a title with a grey subtitle.

    Args:
        text: the title.
        subtitle: how to read the chart, in one line or several.
    """
    return alt.TitleParams(text, subtitle=subtitle, subtitleColor=GREY)


def share(field: str, text: str, **scale: Any) -> alt.Y:
    """Return a y-axis in per cent, which need not begin at 0.

    Args:
        field: the field of the rows, from 0 to 1.
        text: the title, to which the unit is added.
        **scale: options of `alt.Scale`.
    """
    return alt.Y(
        f"{field}:Q",
        title=f"{text} (%)",
        scale=alt.Scale(**{"zero": False} | scale),
        axis=alt.Axis(format="~%", tickCount=5),
    )


def color(field: str, names: Sequence[str], **legend: Any) -> alt.Color:
    """Return a color for each name, with a legend of as many rows as the labels need.

    Args:
        field: the field of the rows that holds a name.
        names: in the order of the legend.
        **legend: options of `alt.Legend`.
    """
    width = 4 + max(map(len, names), default=0)
    columns = max(1, _LEGEND_CHARACTERS // width)
    shown = alt.Legend(orient="top", columns=columns, labelLimit=_LABEL_WIDTH, symbolOpacity=1, **legend)
    colors = [CATEGORIES[i % len(CATEGORIES)] for i in range(len(names))]
    return alt.Color(f"{field}:N", title=None, legend=shown, scale=alt.Scale(domain=names, range=colors))


def shape(field: str, names: Sequence[str]) -> alt.Shape:
    """Return a shape for each name, merged into the legend of `color`.

    Args:
        field: the field of the rows that holds a name.
        names: in the order of the legend.
    """
    shapes = [_cycle(_SHAPES, i) for i in range(len(names))]
    return alt.Shape(f"{field}:N", title=None, scale=alt.Scale(domain=names, range=shapes))


def dash(field: str, dashes: Mapping[str, Sequence[int]], *, legend: bool) -> alt.StrokeDash:
    """Return a dash pattern for each name.

    Args:
        field: the field of the rows that holds a name.
        dashes: lengths of dashes and gaps in pixels, by name.
        legend: whether there is one.
    """
    # Not beside that of the colors, for which a phone has no room.
    shown = alt.Legend(orient="bottom", symbolType="stroke", symbolSize=400, symbolStrokeColor=GREY)
    scale = alt.Scale(domain=list(dashes), range=list(dashes.values()))
    return alt.StrokeDash(f"{field}:N", title=None, legend=shown if legend else None, scale=scale)


def _cycle(styles: Sequence[Any], index: int) -> Any:
    """Return a style for the name of an index: where colors repeat, they come with the next style."""
    return styles[(index + index // len(CATEGORIES)) % len(styles)]
