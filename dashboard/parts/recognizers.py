"""Recognizers, loaded once for all sessions. Packed ones, as the pretrained one is, need no JAX."""

from functools import partial
from typing import NamedTuple

import numpy as np
import streamlit as st

from digitjax.data.cache import cache_folder
from digitjax.environment import configure_jax
from digitjax.model import calibration
from digitjax.recognition import recognizer
from digitjax.recognition.recognizer import Reading, Recognizer
from digitjax.runs import RunEntry
from parts import background
from parts.weights import Weights, find_weights

_WARM_UP_SIZES = (1, 2, 4, 8, 16)  # digits of a drawing, whose batches are compiled beforehand


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


def recognize(model: RecognizerKey, content: bytes) -> Reading:
    """Return the digits recognized in a picture.

    Args:
        model: that recognizes the digits.
        content: of the picture's file.

    Raises:
        InputError: the picture cannot be decoded, or the model is damaged.
    """
    wait_for_recognizer(model)
    return _recognize(model, content)


@st.cache_resource(max_entries=4, show_spinner="Recognizing")  # large pictures take 80 MB each
def _recognize(model: RecognizerKey, content: bytes) -> Reading:
    return load_recognizer(model).read(content)
