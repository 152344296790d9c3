"""The evaluations of a model: selecting and reading one."""

import streamlit as st

from digitjax.errors import InputError
from digitjax.evaluation import evaluate
from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.reconstruction import Reconstruction
from digitjax.runs import Ensemble, EvaluationKey, Run


def select_evaluation(model: Run | Ensemble) -> EvaluationKey:
    """Offer the evaluations of a run or an ensemble; the latest of the test split is selected at first.

    Raises:
        InputError: there is none.
    """
    keys = model.evaluations()
    if not keys:
        raise InputError(f"{model.name} is not evaluated yet: digitjax evaluate {model.name}")
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
        InputError: the model is an autoencoder, or the files are missing or damaged.
    """
    evaluation = read(model, key)
    if not isinstance(evaluation, Evaluation):
        raise InputError(
            f"{model.name} is not a classifier but an autoencoder. See the Reconstructions page."
        )
    return evaluation


@st.cache_resource(max_entries=8, show_spinner="Reading the evaluation")
def _read(model: Run | Ensemble, key: EvaluationKey, written_ns: int) -> Evaluation | Reconstruction:
    return evaluate.read(model, *key)
