"""A chart of what was read in a picture."""

from collections.abc import Sequence

import altair as alt

from digitjax.visualization.charts import style


def probability_table(labels: Sequence[str], p: Sequence[Sequence[float]]) -> alt.LayerChart:
    """Chart the probabilities of several digits, a row each: shades, with the per cent in the cells that have any.

    Args:
        labels: of the rows, what each was read as.
        p: (n, digits) probabilities, each 0 to 1.
    """
    names = [f"{number}: {label}" for number, label in enumerate(labels, start=1)]
    rows = [
        {
            "found": name,
            "digit": digit,
            "probability": float(value),
            "text": f"{value:.0%}" * (value >= 0.005),
        }
        for name, values in zip(names, p, strict=True)
        for digit, value in enumerate(values)
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("digit:O", title="digit", axis=alt.Axis(orient="top", labelAngle=0)),
        y=alt.Y("found:N", title="read as", sort=names),
        tooltip=["found:N", "digit:O", alt.Tooltip("probability:Q", format=".2%")],
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            "probability:Q",
            scale=alt.Scale(domain=[0, 1], range=[style.LIGHT_BLUE, style.DARK_BLUE]),
            legend=None,
        )
    )
    texts = base.mark_text().encode(
        text="text:N",
        color=alt.condition("datum.probability > 0.5", alt.value("white"), alt.value("black")),
    )
    return (cells + texts).properties(
        height=alt.Step(24),
        title=style.title("Probability of each digit", "a row for each digit that was found"),
    )
