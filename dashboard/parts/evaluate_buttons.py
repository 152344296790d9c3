"""Buttons that evaluate a model on the splits without an evaluation, or the command that does."""

import shlex
from pathlib import Path

import streamlit as st

from digitjax import runs
from digitjax.data.cache import cache_folder
from digitjax.data.run_data import SPLITS
from digitjax.environment import configure_jax
from digitjax.evaluation import evaluate
from digitjax.runs import Ensemble, EvaluationKey, Run
from parts.models import find_weights
from parts.permissions import find_refusal


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
    if refusal := find_refusal(model):
        with st.expander(f"Not evaluated yet: {', '.join(missing)}"):
            st.caption(f"{refusal} On the command line:")
            option = [] if folder == runs.DEFAULT_FOLDER else ["--runs", str(folder)]
            command = ["digitjax", "evaluate", model.name, "--split", missing[0], *option]
            st.code(shlex.join(command), language=None)
        return
    for split in missing:
        if st.button(f"Evaluate on {split} split"):
            _evaluate(model, split)


def _evaluate(model: Run | Ensemble, split: str) -> None:
    """Evaluate a model, select the new evaluation, and rerun the page."""
    with st.spinner(f"Evaluating on the {split} split"):
        configure_jax(cache_folder() / "compiled")
        evaluation = evaluate.evaluate(model, split)
    st.session_state[f"evaluation-{model.path}"] = EvaluationKey(split, evaluation.step)
    st.rerun()
