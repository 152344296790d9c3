"""Buttons that evaluate a model, or the commands that do where the page may not write."""

import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from digitjax import runs
from digitjax.data.cache import cache_folder
from digitjax.data.run_data import SPLITS
from digitjax.environment import configure_jax
from digitjax.evaluation import evaluate
from digitjax.runs import Ensemble, EvaluationKey, Run
from parts.permissions import find_refusal
from parts.weights import find_weights

Progress = Callable[[str], None]
"""A function that shows how far something is."""


def show_evaluate_buttons(model: Run | Ensemble, folder: Path) -> None:
    """Offer to evaluate a model on the splits that it has no evaluation of; render it before the evaluation box.

    Args:
        model: a classifier; nothing is offered for other models.
        folder: the runs folder.

    Raises:
        InputError: the model is damaged or has no weights, or the images cannot be loaded.
    """
    members = model.members()
    if members[0].config.task != "classification":
        return
    evaluated = {key.split for key in model.evaluations() if key.tta == "none"}
    missing = [split for split in SPLITS if split not in evaluated]
    if members[0].config.data.refit and "validation" in missing:
        missing.remove("validation")  # empty after refitting on all training data
    if not missing:
        return
    for member in members:
        find_weights(member)
    if find_refusal(model):
        with st.expander(f"Not evaluated yet: {', '.join(missing)}"):
            show_command(model, folder, "--split", missing[0])
        return
    for split in missing:
        compute = partial(_evaluate, model, split)
        show_button(model, folder, f"Evaluate on {split} split", ["--split", split], compute)


def show_button(
    model: Run | Ensemble, folder: Path, label: str, options: list[str], compute: Callable[[Progress], object]
) -> None:
    """Offer to compute something that is kept in the folder of a model; the page then reruns.

    Args:
        model: whose folder is written.
        folder: the runs folder.
        label: of the button.
        options: of `digitjax evaluate`, which computes the same.
        compute: computes it, and tells how far it is.

    Raises:
        InputError: it cannot be computed.
    """
    if find_refusal(model):
        show_command(model, folder, *options)
    elif st.button(label, icon=":material/play_arrow:"):
        with st.status(label) as status:
            configure_jax(cache_folder() / "compiled")
            compute(lambda text: status.update(label=f"{label}: {text}"))
        st.rerun()


def show_command(model: Run | Ensemble, folder: Path, *options: str) -> None:
    """Show why the page may not write, and the command that computes the same.

    Args:
        model: which is evaluated.
        folder: the runs folder.
        options: of `digitjax evaluate`.
    """
    st.caption(f"{find_refusal(model)} On the command line:")
    place = [] if folder == runs.DEFAULT_FOLDER else ["--runs", str(folder)]
    st.code(
        shlex.join(["digitjax", "evaluate", model.name, *options, *place]), language=None, wrap_lines=True
    )


def _evaluate(model: Run | Ensemble, split: str, progress: Progress) -> None:
    """Evaluate a model, and select the new evaluation."""
    evaluation = evaluate.evaluate(model, split)
    st.session_state[f"evaluation-{model.path}"] = EvaluationKey(split, evaluation.step)
