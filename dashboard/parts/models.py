"""Trained models, loaded once for all sessions."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st

from digitjax.data.cache import cache_folder
from digitjax.environment import configure_jax
from digitjax.model import calibration, reconstructor
from digitjax.model.network import find_checkpoint
from digitjax.model.reconstructor import Reconstructor
from digitjax.recognition import recognizer
from digitjax.recognition.recognizer import Recognizer
from digitjax.runs import Run, RunEntry
from digitjax.visualization.explain import network
from digitjax.visualization.explain.network import DifferentiableClassifier
from parts import background

_WARM_UP_SIZES = (
    1,
    2,
    4,
    8,
    16,
)  # digits: batches of these sizes hold a drawing, and are compiled beforehand


class Weights(NamedTuple):
    """Key of the weights of a run in caches; it changes when the run is trained again."""

    path: str
    step: int
    written_ns: int
    """When the checkpoint was written, in nanoseconds."""

    @property
    def run(self) -> Run:
        """The run that the weights belong to."""
        return Run(Path(self.path))


def find_weights(run: Run, step: int | str = "best") -> Weights:
    """Return the key of the weights of a run.

    Args:
        run: a trained run.
        step: of training, or `best`.

    Raises:
        InputError: the run is damaged, or has no such checkpoint.
    """
    _ = run.config
    checkpoint = find_checkpoint(run, step)
    return Weights(str(run.path.absolute()), checkpoint.step, checkpoint.path.stat().st_mtime_ns)


class RecognizerKey(NamedTuple):
    """Key of a recognizer in caches: a run, or the runs of a group or an ensemble together."""

    path: str
    members: tuple[Weights, ...]
    calibrated_ns: tuple[int, ...]
    """When the calibration of each member was written, in nanoseconds; 0 if there is none."""


def find_recognizer(entry: RunEntry) -> RecognizerKey:
    """Return the key of the recognizer of a run, a group or an ensemble.

    Raises:
        InputError: a member is damaged, missing or not finished, or has no checkpoint.
    """
    members = entry.members()
    files = [run.path / calibration.FILE for run in members]
    calibrated_ns = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
    return RecognizerKey(str(entry.path.absolute()), tuple(map(find_weights, members)), calibrated_ns)


def wait_for_recognizer(key: RecognizerKey) -> Recognizer:
    """Return a recognizer that is loaded in the background, and show a progress bar until it is there.

    Args:
        key: of the recognizer.

    Raises:
        InputError: the model is damaged.
    """
    return background.wait_for(("recognizer", key), "Loading the model", 5, partial(load_recognizer, key))


@st.cache_resource(max_entries=4, show_spinner=False)
def load_recognizer(key: RecognizerKey) -> Recognizer:
    """Load a recognizer, compiled so that the first picture takes no longer than later ones."""
    loaded = recognizer.load(key.path, prepare_jax=partial(configure_jax, cache_folder() / "compiled"))
    for count in _WARM_UP_SIZES:
        loaded.probabilities(np.zeros((count, 28, 28), np.uint8))
    return loaded


@st.cache_resource(max_entries=4, show_spinner="Loading the model")
def load_classifier(weights: Weights) -> DifferentiableClassifier:
    """Load a classifier as a differentiable function of pixel intensities."""
    configure_jax(cache_folder() / "compiled")
    return network.load(weights.run, weights.step)[0]


@st.cache_resource(max_entries=4, show_spinner="Loading the model")
def load_reconstructor(weights: Weights) -> Reconstructor:
    """Load an autoencoder."""
    configure_jax(cache_folder() / "compiled")
    return reconstructor.load(weights.run, weights.step)[0]
