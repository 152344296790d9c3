"""What all charts share: colours, the title, the axis of a share."""

from collections.abc import Sequence
from typing import Any

import altair as alt

BLUE, VERMILLION, GREY = "#0072B2", "#D55E00", "#808080"  # seen on white and on black
LIGHT_BLUE, DARK_BLUE = "#EEF3FA", "#08519C"  # the ends of the shades of counts and shares
CATEGORIES = (BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # of Okabe and Ito
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
_LEGEND_CHARACTERS = 80  # of all labels in a row of a legend


def title(text: str, subtitle: str | list[str]) -> alt.TitleParams:
    """Return a title above a grey subtitle of one or several lines, which says how to read the chart."""
    return alt.TitleParams(text, subtitle=subtitle, subtitleColor=GREY)


def share(field: str, text: str, **scale: Any) -> alt.Y:
    """Return a vertical axis in per cent of a field from 0 to 1; it need not begin at 0."""
    return alt.Y(
        f"{field}:Q",
        title=f"{text} (%)",
        scale=alt.Scale(**{"zero": False} | scale),
        axis=alt.Axis(format="~%", tickCount=5),
    )


def color(field: str, names: Sequence[str]) -> alt.Color:
    """Tell the names apart by colour, with a legend in as many rows as their labels need."""
    width = 4 + max(map(len, names), default=0)
    legend = alt.Legend(
        orient="top", columns=max(1, _LEGEND_CHARACTERS // width), labelLimit=0, symbolOpacity=1
    )
    colors = [CATEGORIES[i % len(CATEGORIES)] for i in range(len(names))]
    return alt.Color(f"{field}:N", title=None, legend=legend, scale=alt.Scale(domain=names, range=colors))


def shape(field: str, names: Sequence[str]) -> alt.Shape:
    """Tell the names apart by shape; the legend is that of `color`."""
    shapes = [_SHAPES[i % len(_SHAPES)] for i in range(len(names))]
    return alt.Shape(f"{field}:N", title=None, scale=alt.Scale(domain=names, range=shapes))
