"""An evaluation together with its images, per-example columns and training history."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from digitjax.errors import InputError
from digitjax.evaluation import browse, history
from digitjax.evaluation.browse import ExampleTable
from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.history import History
from digitjax.runs import Ensemble, EvaluationKey, Run
from parts import evaluations
from parts.error_display import escape
from parts.images import load_data, load_evaluated_split


class EvaluationContext(NamedTuple):
    """An evaluation and all that the pages show of its examples; shared between sessions, so read-only."""

    model: Run | Ensemble
    evaluation: Evaluation
    images: np.ndarray
    """uint8 (n, 28, 28)."""
    examples: ExampleTable
    history: History | None
    """Only where it covers the split."""
    data_sha256: str

    def describe(self, index: int) -> tuple[str, str]:
        """Return the caption and the alternative text of an image."""
        label, predicted = self.examples.label[index], self.examples.predicted[index]
        confidence = f"{self.examples.confidence[index]:.0%}"
        name = f"Image {index} of the {self.evaluation.split} split"
        return (
            f"{label} → {predicted}, {confidence}",
            f"{name}: true digit {label}, predicted {predicted} with confidence {confidence}",
        )


def open_evaluation(model: Run | Ensemble, key: EvaluationKey) -> EvaluationContext:
    """Read an evaluation of a classifier, its images, and the history of its run if there is one.

    A history that cannot be used is reported on the page and ignored.

    Args:
        model: a classifier.
        key: which of its evaluations.

    Returns:
        The evaluation with all that the pages show of it.

    Raises:
        InputError: the evaluation or the images cannot be loaded.
    """
    evaluation = evaluations.read_classification(model, key)
    images = load_evaluated_split(model, evaluation).images
    sha256 = load_data(model.members()[0].config.data).sha256
    run_history = None
    try:
        run_history = _find_history(model, evaluation.split)
        examples = browse.per_example(evaluation, run_history)
    except InputError as error:
        st.warning(escape(f"Training history not shown: {error}"))
        run_history, examples = None, browse.per_example(evaluation)
    return EvaluationContext(model, evaluation, images, examples, run_history, sha256)


def _find_history(model: Run | Ensemble, split: str) -> History | None:
    if isinstance(model, Ensemble):
        return None
    file = history.history_folder(model) / "history.npz"
    if not file.exists():
        return None
    run_history = _read_history(model, file.stat().st_mtime_ns)
    return run_history if split in run_history.splits else None


@st.cache_resource(max_entries=4, show_spinner="Reading the history")
def _read_history(run: Run, written_ns: int) -> History:
    return history.read(run)
