"""Summaries of runs, groups and ensembles, cached until their files change."""

import streamlit as st

from digitjax import runs
from digitjax.runs import (
    ENSEMBLE_FILE,
    GROUP_FILE,
    Ensemble,
    EnsembleSummary,
    Group,
    GroupSummary,
    RunEntry,
    RunSummary,
)

AnySummary = RunSummary | GroupSummary | EnsembleSummary
_FILES = (
    "",
    "config.json",
    "environment.json",
    "metrics.jsonl",
    "finished.json",
    "calibration.json",
    "checkpoints",
    "evaluation",
    GROUP_FILE,
    ENSEMBLE_FILE,
)


def summarize(entry: RunEntry) -> AnySummary:
    """Summarize a run, a group or an ensemble; what cannot be read is reported in the field `problem`."""
    if isinstance(entry, Ensemble):
        return runs.summarize(entry)  # its members can be in any folder
    folders = [entry.path, *(entry.path.glob("seed-*") if isinstance(entry, Group) else ())]
    files = [folder / file for folder in folders for file in _FILES]
    return _summarize(entry, tuple(file.stat().st_mtime_ns for file in files if file.exists()))


@st.cache_data(max_entries=500, show_spinner=False)
def _summarize(entry: RunEntry, written_ns: tuple[int, ...]) -> AnySummary:
    return runs.summarize(entry)
