"""The chart of the class probabilities of several digits."""

from collections.abc import Sequence

import altair as alt

from digitjax.visualization.charts import style


def probability_heatmap(labels: Sequence[str], p: Sequence[Sequence[float]]) -> alt.LayerChart:
    """Chart the class probabilities of several digits as a heatmap with a row for each.

    Args:
        labels: the predicted digit of each row.
        p: probabilities (n, classes), each 0 to 1; cells below 0.5 % have no text.

    Returns:
        The heatmap.
    """
    names = [f"{number}: {label}" for number, label in enumerate(labels, start=1)]
    rows = [
        {
            "position": name,
            "digit": digit,
            "probability": float(value),
            "text": f"{value:.0%}" * (value >= 0.005),
        }
        for name, values in zip(names, p, strict=True)
        for digit, value in enumerate(values)
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("digit:O", title="digit", axis=alt.Axis(orient="top", labelAngle=0)),
        y=alt.Y("position:N", title="predicted", sort=names),
        tooltip=["position:N", "digit:O", alt.Tooltip("probability:Q", format=".2%")],
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            "probability:Q",
            scale=alt.Scale(domain=[0, 1], range=style.ramp()),
            legend=None,
        )
    )
    texts = base.mark_text().encode(
        text="text:N",
        color=style.text_on("probability"),
    )
    return (cells + texts).properties(
        height=alt.Step(24),
        title=style.title("Class probabilities", "a row for each detected digit"),
    )
