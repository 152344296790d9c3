"""What all charts share: colors, titles and axes in per cent."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#808080"
"""Colors of marks that stand out on white and on black; no text is grey, which would need a contrast of 4.5."""
SUBTLE = ("#5F5F5F", "#A8A8A8")
"""Colors of subtitles on a light and on a dark background."""
SEQUENTIAL = (("#EEF3FA", "#08519C"), ("#1C2530", "#9BCDF5"))
"""Lowest and highest color of counts and shares, on a light and on a dark background."""
LINES = (("#9ECAE1", "#08519C"), ("#3A6284", "#C6E6FF"))
"""The same for lines and points, which have to stand out at the lowest value, too."""
DIGITS = (
    ("#4C75A2", "#6E91B7"),
    ("#A7621E", "#F28E2C"),
    ("#C24B4D", "#E46668"),
    ("#4F7B77", "#76B7B2"),
    ("#467F3E", "#59A14F"),
    ("#857129", "#EDC949"),
    ("#916586", "#B17EA4"),
    ("#9E6168", "#FF9DA7"),
    ("#8E6A56", "#A98774"),
    ("#79726F", "#BAB0AB"),
)
"""Colors of the digits 0 to 9 as text, on a light and on a dark background: those of Tableau, darker or lighter."""
NEUTRAL = ("#F7F7F7", "#262523")
"""Middle of the diverging colors, on a light and on a dark background."""
TEXT_THRESHOLD = 0.179
"""Relative luminance of a cell from which on black text has more contrast than white, at least 4.5 in any case."""
CATEGORIES = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Categorical palette of Okabe and Ito."""
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
_LEGEND_CHARACTERS = 40  # that fit in a row of a legend on a phone
_LABEL_WIDTH = 260  # pixels of a label that fit on a phone
_SUBTITLE_WIDTH = 52  # characters of a line that fit on a phone


def title(text: str, subtitle: str | list[str]) -> alt.TitleParams:
    """Return a title with a subtitle, whose long lines are wrapped.

    Args:
        text: the title.
        subtitle: how to read the chart, in one line or several.
    """
    lines = [subtitle] if isinstance(subtitle, str) else subtitle
    wrapped = [part for line in lines for part in textwrap.wrap(line, _SUBTITLE_WIDTH)]
    return alt.TitleParams(text, subtitle=wrapped, subtitleColor=by_background(*SUBTLE))


def by_background(light: str, dark: str) -> alt.ExprRef:
    """Return a color that depends on the background, which the theme of the page chooses.

    Args:
        light: for a light background, which is the default.
        dark: for a dark one.

    Returns:
        An expression that the browser evaluates.
    """
    return alt.ExprRef(expr=f"luminance(background) < 0.5 ? '{dark}' : '{light}'")


def ramp(colors: tuple[tuple[str, str], tuple[str, str]] = SEQUENTIAL) -> list[alt.ExprRef]:
    """Return the range of a sequential scale.

    Args:
        colors: the lowest and the highest, on a light and on a dark background.
    """
    return [by_background(light, dark) for light, dark in zip(*colors, strict=True)]


def text_on(field: str) -> Any:
    """Return the color of text on cells, black or white, whichever has more contrast.

    Args:
        field: by which the scale of the cells' color is applied.
    """
    is_light = f"luminance(scale('color', datum.{field})) > {TEXT_THRESHOLD}"
    return alt.condition(is_light, alt.value("black"), alt.value("white"))


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
