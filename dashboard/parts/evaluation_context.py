"""An evaluation with all that the pages about single pictures show of it."""

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
from parts.pictures import find_pictures, load_data


class EvaluationContext(NamedTuple):
    """An evaluation, its pictures, and what is known of each; shared, and not to be changed."""

    model: Run | Ensemble
    evaluation: Evaluation
    images: np.ndarray
    """uint8 (n, 28, 28)."""
    examples: ExampleTable
    history: History | None
    """Only where it holds the split."""
    data_sha256: str

    def describe(self, number: int) -> tuple[str, str]:
        """Return the caption of a picture, and what it shows for those who cannot see it."""
        label, predicted = self.examples.label[number], self.examples.predicted[number]
        confidence = f"{self.examples.confidence[number]:.0%}"
        shown = (
            f"Picture {number} of the {self.evaluation.split} split: true digit {label}, read as {predicted}"
        )
        return f"{label} → {predicted}, {confidence}", f"{shown} with confidence {confidence}"


def open_evaluation(model: Run | Ensemble, key: EvaluationKey) -> EvaluationContext:
    """Read an evaluation of a classifier, its pictures, and the history of its run if there is one.

    A history that cannot be used is named on the page, and left out.

    Raises:
        InputError: the evaluation or the pictures cannot be had.
    """
    made = evaluations.read_classification(model, key)
    images = find_pictures(model, made).images
    sha256 = load_data(model.members()[0].config.data).sha256
    looked_back = None
    try:
        looked_back = _find_history(model, made.split)
        pictures = browse.per_example(made, looked_back)
    except InputError as error:
        st.warning(escape(f"Without forgetting: {error}"))
        looked_back, pictures = None, browse.per_example(made)
    return EvaluationContext(model, made, images, pictures, looked_back, sha256)


def _find_history(model: Run | Ensemble, split: str) -> History | None:
    if isinstance(model, Ensemble):
        return None
    file = history.history_folder(model) / "history.npz"
    if not file.exists():
        return None
    found = _read_history(model, file.stat().st_mtime_ns)
    return found if split in found.splits else None


@st.cache_resource(max_entries=4, show_spinner="Reading the history")
def _read_history(run: Run, written: int) -> History:
    return history.read(run)
