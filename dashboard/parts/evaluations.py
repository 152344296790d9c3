"""The evaluations of a model: selecting and reading one."""

from pathlib import Path

import streamlit as st

from digitjax.evaluation import evaluate
from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.reconstruction import Reconstruction
from digitjax.runs import Ensemble, EvaluationKey, Run, RunEntry
from parts.error_display import NotAvailableError
from parts.evaluate_buttons import show_evaluate_buttons


def select_evaluation(model: Run | Ensemble, folder: Path) -> EvaluationKey:
    """Offer the evaluations of a run or an ensemble; the latest of the test split is selected at first.

    Args:
        model: whose evaluations are meant.
        folder: the runs folder.

    Returns:
        The selected one.

    Raises:
        NotAvailableError: there is none; buttons offer to evaluate.
    """
    keys = model.evaluations()
    if not keys:
        with st.container(horizontal=True):
            show_evaluate_buttons(model, folder)
        raise NotAvailableError(f"{model.name} is not evaluated yet.")
    default = max(range(len(keys)), key=lambda i: (is_headline(keys[i]), i))
    return st.selectbox("Evaluation", keys, default, format_func=describe, key=f"evaluation-{model.path}")


def is_headline(key: EvaluationKey) -> bool:
    """Whether an evaluation gives the headline result: the test split without test-time augmentation."""
    return (key.split, key.tta) == ("test", "none")


def describe(key: EvaluationKey) -> str:
    """Return the name of an evaluation, such as `test split, step 420`."""
    step = f"step {key.step:,}" if isinstance(key.step, int) else f"{key.step} weights"
    return f"{key.split} split, {step}" + f", TTA {key.tta}" * (key.tta != "none")


def read(model: Run | Ensemble, key: EvaluationKey) -> Evaluation | Reconstruction:
    """Return an evaluation, read once for all sessions; it is shared, so read-only.

    Args:
        model: whose evaluation it is.
        key: which one.

    Raises:
        InputError: its files are missing or damaged.
    """
    try:
        written_ns = (model.evaluation_folder(*key) / "predictions.npz").stat().st_mtime_ns
    except OSError:
        written_ns = 0  # reading reports the missing file
    return _read(model, key, written_ns)


def read_classification(model: Run | Ensemble, key: EvaluationKey) -> Evaluation:
    """Return the evaluation of a classifier.

    Args:
        model: whose evaluation it is.
        key: which one.

    Raises:
        NotAvailableError: the model is an autoencoder.
        InputError: the files are missing or damaged.
    """
    require_classifier(model)
    evaluation = read(model, key)
    assert isinstance(evaluation, Evaluation)
    return evaluation


def require_classifier(model: RunEntry) -> None:
    """Require a classifier.

    Raises:
        NotAvailableError: the model is an autoencoder.
        InputError: its config is damaged.
    """
    if model.members()[0].config.task != "classification":
        raise NotAvailableError(f"{model.name} is an autoencoder: see the page Reconstructions.")


@st.cache_resource(max_entries=8, show_spinner="Reading the evaluation")
def _read(model: Run | Ensemble, key: EvaluationKey, written_ns: int) -> Evaluation | Reconstruction:
    return evaluate.read(model, *key)
