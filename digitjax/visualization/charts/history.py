"""Charts of the epochs of a training: accuracy, and what was learned and forgotten."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import altair as alt

from digitjax.visualization.charts import style

_SPLITS = ["train", "validation", "test"]


def accuracy_by_epoch(rows: Sequence[Mapping[str, Any]]) -> alt.LayerChart:
    """Chart the accuracy on each split after each epoch.

    Args:
        rows: each has `epoch`, `split` and `accuracy` (0 to 1).
    """
    values = [{field: row[field] for field in ("epoch", "split", "accuracy")} for row in rows]
    splits = _find_splits(values)
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
        height=320, title=style.title("Accuracy by epoch", "by the weights at the end of each epoch")
    )


def learned_and_forgotten(rows: Sequence[Mapping[str, Any]]) -> alt.LayerChart:
    """Chart the learning events (upwards) and forgetting events (downwards) of each epoch.

    Toneva et al. 2019, arXiv 1812.05159.

    Args:
        rows: each has `epoch`, `split`, and the number of examples `learned` (misclassified before the epoch, correct
            after it) and `forgotten` (the reverse).
    """
    values = [
        {field: row[field] for field in ("epoch", "split", "learned", "forgotten")}
        | {"downwards": -row["forgotten"]}
        for row in rows
    ]
    splits = _find_splits(values)
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
                alt.Tooltip("learned:Q", title="examples learned", format=",d"),
                alt.Tooltip("forgotten:Q", title="examples forgotten", format=",d"),
            ],
        )
    )
    learned, forgotten = (
        base.encode(y=alt.Y(f"{field}:Q", title="examples", axis=_COUNTS))
        for field in ("learned", "downwards")
    )
    return (learned + forgotten).properties(
        height=320,
        title=style.title(
            "Learned and forgotten by epoch",
            ["up: misclassified before the epoch, correct after it", "down: the reverse"],
        ),
    )


# The y-axis has counts on both sides of 0, without signs.
_COUNTS = alt.Axis(labelExpr="format(abs(datum.value), ',d')", tickCount=6)


def _epochs(kind: Literal["Q", "O"]) -> alt.X:
    scale = alt.Scale(zero=False) if kind == "Q" else alt.Undefined
    return alt.X(f"epoch:{kind}", title="epoch", scale=scale, axis=alt.Axis(format="d", labelAngle=0))


def _find_splits(rows: list[dict[str, Any]]) -> list[str]:
    """Return the names of the splits in the rows, in the same order in every chart."""
    names = {row["split"] for row in rows}
    return [split for split in _SPLITS if split in names] + sorted(names.difference(_SPLITS))
