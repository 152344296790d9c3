"""Trained networks, loaded once for all sessions."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st

from digitjax.data.cache import cache_folder
from digitjax.environment import configure_jax
from digitjax.model import calibration, checkpoint, reconstructor
from digitjax.model.reconstructor import Reconstructor
from digitjax.recognition import recognizer
from digitjax.recognition.recognizer import Recognizer
from digitjax.runs import Run, RunEntry
from digitjax.visualization.explain import network
from digitjax.visualization.explain.network import InkClassifier

_FEW = (1, 2, 4, 8, 16)  # batches of these sizes hold what is drawn: they are compiled beforehand


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


class Reader(NamedTuple):
    """Names what reads pictures: a run, or the runs of a group or an ensemble together."""

    path: str
    members: tuple[Weights, ...]
    calibrated: tuple[int, ...]
    """When the calibration of each was written, in nanoseconds; 0 where it has none."""


def find_reader(entry: RunEntry) -> Reader:
    """Return what reads pictures.

    Raises:
        InputError: a run of it is damaged, missing or not finished, or has no checkpoint.
    """
    members = entry.members()
    files = [run.path / calibration.FILE for run in members]
    calibrated = [file.stat().st_mtime_ns if file.exists() else 0 for file in files]
    return Reader(str(entry.path.absolute()), tuple(find_weights(run) for run in members), tuple(calibrated))


@st.cache_resource(max_entries=4, show_spinner="Loading the model")
def load_recognizer(reader: Reader) -> Recognizer:
    """Load a reader of pictures, ready to read its first one as fast as all others."""
    configure_jax(cache_folder() / "compiled")
    loaded = recognizer.load(reader.path)
    for count in _FEW:
        loaded.probabilities(np.zeros((count, 28, 28), np.uint8))
    return loaded


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
