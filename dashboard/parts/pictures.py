"""Pictures as the pages show them, and the data sets that they come from."""

import numpy as np
import streamlit as st

from digitjax.config import Data
from digitjax.data import pipeline
from digitjax.data.pipeline import Dataset, Split
from digitjax.errors import InputError
from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.reconstruction import Reconstruction
from digitjax.runs import Ensemble, Run


def enlarge(image: np.ndarray) -> np.ndarray:
    """Enlarge a small picture uint8 (h, w) or (h, w, 3) six times, each pixel to a square: browsers would blur it."""
    return image.repeat(6, axis=0).repeat(6, axis=1)


def find_pictures(model: Run | Ensemble, evaluation: Evaluation | Reconstruction) -> Split:
    """Return the pictures that were evaluated; they are shared and must not be changed.

    Raises:
        InputError: the data cannot be had, or are not those that were evaluated.
    """
    data = model.members()[0].config.data
    split: Split = getattr(load_data(data), evaluation.split)
    if not np.array_equal(split.labels, evaluation.labels):
        raise InputError(f"the {data.name} pictures that are here are not those that were evaluated")
    return split


@st.cache_resource(max_entries=2, show_spinner="Loading the pictures")
def load_data(data: Data) -> Dataset:
    """Load a data set once for all sessions; it is shared and must not be changed."""
    return pipeline.load(data)
