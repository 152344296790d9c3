"""Which evaluation of a run a page shows, and how it is read."""

import streamlit as st

from digitjax.errors import InputError
from digitjax.evaluation import evaluate
from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.reconstruction import Reconstruction
from digitjax.runs import Ensemble, EvaluationKey, Run


def choose_evaluation(model: Run | Ensemble) -> EvaluationKey:
    """Offer the evaluations of a run or an ensemble, that of the test split first.

    Raises:
        InputError: there is none.
    """
    evaluations = model.evaluations()
    if not evaluations:
        raise InputError(f"{model.name} has not been evaluated yet: digitjax evaluate {model.name}")
    newest = max(range(len(evaluations)), key=lambda i: (is_headline(evaluations[i]), i))
    return st.selectbox(
        "Evaluation", evaluations, newest, format_func=describe, key=f"evaluation-{model.path}"
    )


def is_headline(key: EvaluationKey) -> bool:
    """Whether an evaluation is of the kind that a run is judged by."""
    return (key.split, key.tta) == ("test", "none")


def describe(key: EvaluationKey) -> str:
    """Name an evaluation for people."""
    step = f"weights of step {key.step:,}" if isinstance(key.step, int) else f"{key.step} weights"
    return f"{key.split} split, {step}" + f", tta {key.tta}" * (key.tta != "none")


def read(model: Run | Ensemble, key: EvaluationKey) -> Evaluation | Reconstruction:
    """Read an evaluation, once for all sessions; it is shared and must not be changed.

    Raises:
        InputError: its files are missing or damaged.
    """
    try:
        written = (model.evaluation_folder(*key) / "predictions.npz").stat().st_mtime_ns
    except OSError:
        written = 0  # what is missing is named by reading
    return _read(model, key, written)


def read_classification(model: Run | Ensemble, key: EvaluationKey) -> Evaluation:
    """Read the evaluation of a classifier.

    Raises:
        InputError: it is of an autoencoder, or its files are missing or damaged.
    """
    made = read(model, key)
    if not isinstance(made, Evaluation):
        raise InputError(f"{model.name} is an autoencoder, which tells no digits apart: see Reconstructions")
    return made


@st.cache_resource(max_entries=8, show_spinner="Reading the evaluation")
def _read(model: Run | Ensemble, key: EvaluationKey, written: int) -> Evaluation | Reconstruction:
    return evaluate.read(model, *key)
