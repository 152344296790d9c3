"""Trained networks, loaded once for all sessions."""

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from digitjax.data.cache import cache_folder
from digitjax.environment import configure_jax
from digitjax.model import checkpoint, reconstructor
from digitjax.model.reconstructor import Reconstructor
from digitjax.recognition import recognizer
from digitjax.recognition.recognizer import Recognizer
from digitjax.runs import Run
from digitjax.visualization.explain import network
from digitjax.visualization.explain.network import InkClassifier


class Weights(NamedTuple):
    """Names the weights in use: caches go by it, so that a run that is trained again is loaded again."""

    path: str
    step: int
    written: int
    """When the checkpoint was written, in nanoseconds."""

    @property
    def run(self) -> Run:
        """The run that they are of."""
        return Run(Path(self.path))


def find_weights(run: Run, step: int | str = "best") -> Weights:
    """Return the weights of a run that a step means.

    Raises:
        InputError: the run is damaged, or has no such checkpoint.
    """
    _ = run.config
    found = checkpoint.candidates(run.checkpoints, step)[0]
    return Weights(str(run.path.absolute()), found.step, found.path.stat().st_mtime_ns)


@st.cache_resource(max_entries=4, show_spinner="Loading the model")
def load_recognizer(weights: Weights) -> Recognizer:
    """Load a reader of pictures."""
    configure_jax(cache_folder() / "compiled")
    return recognizer.load(weights.path)


@st.cache_resource(max_entries=4, show_spinner="Loading the model")
def load_classifier(weights: Weights) -> InkClassifier:
    """Load a classifier as a function of ink; its step may be any that there are weights of."""
    configure_jax(cache_folder() / "compiled")
    return network.load(weights.run, weights.step)[0]


@st.cache_resource(max_entries=4, show_spinner="Loading the model")
def load_reconstructor(weights: Weights) -> Reconstructor:
    """Load an autoencoder."""
    configure_jax(cache_folder() / "compiled")
    return reconstructor.load(weights.run, weights.step)[0]
