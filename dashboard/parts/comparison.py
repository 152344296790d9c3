"""Comparison of the selected model with another one on the same images."""

import numpy as np
import streamlit as st

from digitjax import runs
from digitjax.errors import InputError
from digitjax.evaluation.compare import require_comparable
from digitjax.evaluation.comparison import Comparison, GroupScore, compare_predictions, compare_seeds
from digitjax.runs import Ensemble, EvaluationKey, Group, Run, RunEntry
from digitjax.visualization import charts
from parts.error_display import escape, show_errors
from parts.evaluation_context import EvaluationContext, open_evaluation
from parts.example_detail import show_detail
from parts.example_picker import pick_example
from parts.run_selection import resolve_model


def show(context: EvaluationContext, entry: RunEntry, compared: RunEntry) -> None:
    """Show how the predictions of two models differ on a split.

    Args:
        context: evaluation of the selected model.
        entry: that was selected; its group if the model is the first seed of one.
        compared: the other run, group or ensemble.

    Raises:
        InputError: the models cannot be compared, or the other has no evaluation of this split.
    """
    split, tta = context.evaluation.split, context.evaluation.summary.get("tta", "none")
    if isinstance(entry, Group) and isinstance(compared, Group):
        with show_errors():
            show_seeds(entry, compared, split, tta)
    other = resolve_model(compared)
    require_comparable(context.model, other, split)
    other_context = open_evaluation(other, find_evaluation(other, split, tta))
    if not np.array_equal(context.evaluation.labels, other_context.evaluation.labels):
        raise InputError(
            f"{context.model.name} and {other.name} were not evaluated on the same {split} images"
        )
    names = (context.model.name, other.name)
    comparison = compare_predictions(context.evaluation, other_context.evaluation, names=names, tta=tta)
    explore(context, other_context, comparison)


def find_evaluation(model: Run | Ensemble, split: str, tta: str) -> EvaluationKey:
    """Return the evaluation of the latest step.

    Args:
        model: whose evaluations are searched.
        split: `train`, `validation` or `test`.
        tta: test-time augmentation, `none` or `shifts`.

    Raises:
        InputError: there is none.
    """
    keys = [key for key in model.evaluations() if (key.split, key.tta) == (split, tta)]
    if not keys:
        option = f" --tta {tta}" if tta != "none" else ""
        raise InputError(
            f"{model.name} is not evaluated on the {split} split yet: "
            f"digitjax evaluate {model.name} --split {split}{option}"
        )
    return keys[-1]


def show_seeds(a: Group, b: Group, split: str, tta: str) -> None:
    """Show in one sentence how the seeds of two groups compare.

    Args:
        a: the selected group.
        b: the other one.
        split: `train`, `validation` or `test`.
        tta: test-time augmentation, `none` or `shifts`.

    Raises:
        InputError: the groups cannot be compared, or a seed has no evaluation of this split.
    """
    require_comparable(a, b, split)
    scores = []
    for group in (a, b):
        accuracy = runs.summarize_known_seeds([run.metric("accuracy", split, tta) for run in group.members()])
        if accuracy is None:
            raise InputError(
                f"{group.name} is not evaluated on the {split} split yet: "
                f"digitjax evaluate {group.name} --split {split}"
            )
        scores.append(GroupScore(name=group.name, accuracy=accuracy))
    st.markdown(f"**{escape(compare_seeds(*scores, split=split, step='best', tta=tta).sentence)}**")


@st.fragment
def explore(a: EvaluationContext, b: EvaluationContext, comparison: Comparison) -> None:
    """Show the differences and the images behind them; a choice reruns this fragment alone.

    Args:
        a: evaluation of the selected model.
        b: evaluation of the other one.
        comparison: of the two.
    """
    st.markdown(f"**{escape(comparison.sentence)}**")
    show_scores(comparison)
    matrix, images = st.columns(2, gap="large")
    with matrix:
        st.altair_chart(
            charts.confusion_difference(comparison.confusion_difference),
            alt=f"Confusion matrix of {b.model.name} minus that of {a.model.name}",
        )
    with images:
        index = pick_changed(a, b, comparison)
    if index is not None:
        show_detail(a, b, index=index)


def show_scores(comparison: Comparison) -> None:
    """Show the scores of both models in a table."""
    rows = [
        {
            "model": score.name,
            "accuracy": f"{score.accuracy:.2%}",
            "95% CI": f"{score.interval[0]:.2%} to {score.interval[1]:.2%}",
            "correct": f"{score.correct:,} of {comparison.examples:,}",
            "step": str(score.step),
        }
        for score in (comparison.a, comparison.b)
    ]
    st.dataframe(rows, hide_index=True)


def pick_changed(a: EvaluationContext, b: EvaluationContext, comparison: Comparison) -> int | None:
    """Show the images that one or both models classify incorrectly.

    Args:
        a: evaluation of the selected model.
        b: evaluation of the other one.
        comparison: of the two.

    Returns:
        The index of the selected image, if any.
    """
    first, second = comparison.a.name, comparison.b.name
    kinds = {
        "Improved": (comparison.improved, f"incorrect in {first}, correct in {second}"),
        "Regressed": (comparison.regressed, f"correct in {first}, incorrect in {second}"),
        "Both incorrect": (comparison.both_incorrect, "incorrect in both"),
    }
    kind = st.segmented_control(
        "Images",
        kinds,
        default="Improved",
        required=True,
        format_func=lambda kind: f"{kind} ({len(kinds[kind][0]):,})",
        wrap=True,
        key="changed",
    )
    indices, meaning = kinds[kind]
    st.caption(
        escape(
            f"{kind}: {meaning}. Captions: true digit: prediction A | prediction B. A: {first}. B: {second}."
        )
    )

    def describe(index: int) -> tuple[str, str]:
        label, prediction_a, prediction_b = (
            int(column[index]) for column in (a.examples.label, a.examples.predicted, b.examples.predicted)
        )
        return (
            f"{label}: {prediction_a} | {prediction_b}",
            f"Image {index} of the {comparison.split} split: true digit {label}, {first} predicted {prediction_a}, "
            f"{second} predicted {prediction_b}",
        )

    name = f"{kind} {a.model.path} {b.model.path} {comparison.split}"
    return pick_example(name, a.images, np.array(indices, int), describe, kind)
