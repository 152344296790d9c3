"""The chosen model against another one, on the same pictures."""

import numpy as np
import streamlit as st

from digitjax import runs
from digitjax.errors import InputError
from digitjax.evaluation.compare import require_comparable
from digitjax.evaluation.comparison import Comparison, GroupSide, compare_pictures, compare_seeds
from digitjax.runs import Ensemble, EvaluationKey, Group, Run
from digitjax.visualization import charts
from parts import selection
from parts.error_display import escape, show_errors
from parts.evaluation_context import EvaluationContext, open_evaluation
from parts.picking import pick_picture
from parts.picture_detail import show_detail
from parts.selection import Selection


def show(chosen: Selection, a: EvaluationContext) -> None:
    """Show how the chosen model and the one that it is compared with differ on a split.

    Raises:
        InputError: they cannot be compared, or the other has no evaluation of this split.
    """
    split, tta = a.evaluation.split, a.evaluation.summary.get("tta", "none")
    if isinstance(chosen.entry, Group) and isinstance(chosen.versus, Group):
        with show_errors():
            show_seeds(chosen.entry, chosen.versus, split, tta)
    other = selection.as_model(chosen.versus)
    require_comparable(a.model, other, split)
    b = open_evaluation(other, find_evaluation(other, split, tta))
    if not np.array_equal(a.evaluation.labels, b.evaluation.labels):
        raise InputError(f"{a.model.name} and {other.name} were not evaluated on the same {split} pictures")
    names = (a.model.name, b.model.name)
    explore(a, b, compare_pictures(a.evaluation, b.evaluation, names=names, tta=tta))


def find_evaluation(model: Run | Ensemble, split: str, tta: str) -> EvaluationKey:
    """Return the evaluation of the latest step.

    Raises:
        InputError: there is none.
    """
    keys = [key for key in model.evaluations() if (key.split, key.tta) == (split, tta)]
    if not keys:
        more = f" --tta {tta}" if tta != "none" else ""
        raise InputError(
            f"{model.name} has not been evaluated on the {split} split yet: "
            f"digitjax evaluate {model.name} --split {split}{more}"
        )
    return keys[-1]


def show_seeds(a: Group, b: Group, split: str, tta: str) -> None:
    """Say how the seeds of two groups compare.

    Raises:
        InputError: they cannot be compared, or a seed has no evaluation of this split.
    """
    require_comparable(a, b, split)
    sides = []
    for group in (a, b):
        accuracy = runs.summarize_known_seeds(
            [run.measured("accuracy", split, tta) for run in group.members()]
        )
        if accuracy is None:
            raise InputError(
                f"{group.name} has not been evaluated on the {split} split yet: "
                f"digitjax evaluate {group.name} --split {split}"
            )
        sides.append(GroupSide(name=group.name, accuracy=accuracy))
    st.markdown(f"**{escape(compare_seeds(*sides, split=split, step='best', tta=tta).sentence)}**")


@st.fragment
def explore(a: EvaluationContext, b: EvaluationContext, comparison: Comparison) -> None:
    """Show what differs, and the pictures behind it; a choice redraws this part alone."""
    st.markdown(f"**{escape(comparison.sentence)}**")
    show_sides(comparison)
    matrix, pictures = st.columns(2, gap="large")
    with matrix:
        st.altair_chart(
            charts.confusion_difference(comparison.confusion_difference),
            alt=f"Confusion matrix of {b.model.name} less that of {a.model.name}",
        )
    with pictures:
        number = pick_changed(a, b, comparison)
    if number is not None:
        show_detail(a, b, number=number)


def show_sides(comparison: Comparison) -> None:
    """Show the scores of both."""
    rows = [
        {
            "model": side.name,
            "accuracy": f"{side.accuracy:.2%}",
            "95 % interval": f"{side.interval[0]:.2%} to {side.interval[1]:.2%}",
            "right": f"{side.correct:,} of {comparison.examples:,}",
            "step": str(side.step),
        }
        for side in (comparison.a, comparison.b)
    ]
    st.dataframe(rows, hide_index=True)


def pick_changed(a: EvaluationContext, b: EvaluationContext, comparison: Comparison) -> int | None:
    """Show the pictures that only one of them reads right, or neither; return the number of the one picked."""
    kinds = {
        "Fixed": (comparison.fixed, f"wrong by {comparison.a.name}, right by {comparison.b.name}"),
        "Broken": (comparison.broken, f"right by {comparison.a.name}, wrong by {comparison.b.name}"),
        "Both wrong": (comparison.both_wrong, "wrong by both"),
    }
    kind = st.segmented_control(
        "Pictures",
        kinds,
        default="Fixed",
        required=True,
        format_func=lambda kind: f"{kind} ({len(kinds[kind][0]):,})",
        key="changed",
    )
    numbers, meaning = kinds[kind]
    st.caption(
        escape(f"{kind}: {meaning}. Below each picture: true digit: answer of the one | of the other.")
    )

    def describe(number: int) -> tuple[str, str]:
        label, first, second = (
            int(column[number]) for column in (a.examples.label, a.examples.predicted, b.examples.predicted)
        )
        return (
            f"{label}: {first} | {second}",
            f"Picture {number} of the {comparison.split} split: true digit {label}, read as {first} by "
            f"{comparison.a.name} and as {second} by {comparison.b.name}",
        )

    name = f"{kind} {a.model.path} {b.model.path} {comparison.split}"
    return pick_picture(name, a.images, np.array(numbers, int), describe, kind)
