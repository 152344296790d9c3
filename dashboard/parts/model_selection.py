"""The model that reads pictures: the pretrained one, or the run that is selected in the sidebar."""

import streamlit as st

from digitjax import runs
from digitjax.runs import RunEntry


def select_model(entry: RunEntry) -> RunEntry:
    """Offer the pretrained model, and the run that is selected in the sidebar."""
    pretrained = runs.find_run(runs.PRETRAINED, runs.PRETRAINED_FOLDER)
    if entry == pretrained:
        return pretrained
    models: dict[str, RunEntry] = {
        f"{pretrained.name} (pretrained)": pretrained,
        f"{entry.name} (selected run)": entry,
    }
    return models[st.radio("Model", models, horizontal=True)]
