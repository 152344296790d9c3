"""Whether a page may write into the folder of a model."""

import streamlit as st

from digitjax import runs
from digitjax.groups import Ensemble
from digitjax.runs import Run

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def find_refusal(model: Run | Ensemble) -> str | None:
    """Say in a sentence why nothing may be written into the folder of a model; nothing where it may."""
    if model.path.resolve().is_relative_to(runs.PRETRAINED_FOLDER.resolve()):
        return "The folder of the model in the box belongs to the package: nothing is written into it."
    if st.get_option("server.address") not in LOOPBACK:
        return "Other machines can reach this page, so it writes nothing: `digitjax dashboard` serves this one alone."
    return None
