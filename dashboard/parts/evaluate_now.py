"""Splits that are not predicted yet: a button that does it, or the command."""

import shlex
from pathlib import Path

import streamlit as st

from digitjax import runs
from digitjax.data.cache import cache_folder
from digitjax.environment import configure_jax
from digitjax.evaluation import evaluate
from digitjax.runs import Ensemble, EvaluationKey, Run
from parts.models import find_weights
from parts.writing import find_refusal


def offer(model: Run | Ensemble, folder: Path) -> None:
    """Offer to predict the splits of a model that it has no evaluation of; draw it before the box of evaluations.

    Args:
        model: a classifier; nothing is offered for anything else.
        folder: the runs folder.

    Raises:
        InputError: the model is damaged or has no weights, or the pictures cannot be had.
    """
    members = model.members()
    if members[0].config.task != "classification":
        return
    there = {key.split for key in model.evaluations() if key.tta == "none"}
    missing = [split for split in evaluate.SPLITS if split not in there]
    if members[0].config.data.refit and "validation" in missing:
        missing.remove("validation")  # it is empty
    if not missing:
        return
    for member in members:
        find_weights(member)
    if refusal := find_refusal(model):
        with st.expander(f"Not predicted yet: {', '.join(missing)}"):
            st.caption(f"{refusal} On the command line:")
            where = [] if folder == runs.DEFAULT_FOLDER else ["--runs", str(folder)]
            command = ["digitjax", "evaluate", model.name, "--split", missing[0], *where]
            st.code(shlex.join(command), language=None)
        return
    for split in missing:
        if st.button(f"Predict the {split} split now"):
            _evaluate(model, split)


def _evaluate(model: Run | Ensemble, split: str) -> None:
    """Predict a split, choose its evaluation, and draw the page anew."""
    with st.spinner(f"Predicting the {split} split"):
        configure_jax(cache_folder() / "compiled")
        made = evaluate.evaluate(model, split)
    st.session_state[f"evaluation-{model.path}"] = EvaluationKey(split, made.step)
    st.rerun()
