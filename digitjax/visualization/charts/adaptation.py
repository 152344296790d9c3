"""Charts of models that were adapted to a person's handwriting."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from digitjax.visualization.charts import style

_NAMES = ["before", "after"]


def accuracy_by_adaptation(results: Sequence[Mapping[str, Any]]) -> alt.LayerChart:
    """Chart the accuracy on a person's digits, before and after each adaptation.

    Args:
        results: of adaptations, as `digitjax.model.adaptation.read` returns them.
    """
    values = [
        {
            "model": result["name"],
            "created": result["created"],
            "digits": result["person"]["digits"],
            "when": when,
            "accuracy": result["person"][f"accuracy_{when}"],
        }
        for result in results
        for when in _NAMES
    ]
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("created:T", title="adapted", axis=alt.Axis(tickCount=5)),
        y=style.share("accuracy", "accuracy"),
        color=style.color("when", _NAMES),
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("created:T", format="%Y-%m-%d %H:%M"),
            alt.Tooltip("digits:Q"),
            alt.Tooltip("when:N"),
            alt.Tooltip("accuracy:Q", format=".2%"),
        ],
    )
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(shape=style.shape("when", _NAMES))
    return (base.mark_line() + dots).properties(
        height=260,
        title=style.title(
            "Accuracy on your digits", "of the pretrained model, and of each model that you taught"
        ),
    )
