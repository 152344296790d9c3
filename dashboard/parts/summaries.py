"""What is known of each run, group and ensemble in one line: read again when its files change."""

import streamlit as st

from digitjax import runs
from digitjax.runs import ENSEMBLE_FILE, GROUP_FILE, Ensemble, EnsembleSummary, Group, GroupSummary, RunEntry
from digitjax.runs.summary import Summary

AnySummary = Summary | GroupSummary | EnsembleSummary
_FILES = ("", "config.json", "metrics.jsonl", "finished.json", "evaluation", GROUP_FILE, ENSEMBLE_FILE)


def summarize(entry: RunEntry) -> AnySummary:
    """Summarize a run, a group or an ensemble without raising: what cannot be read is named in `problem`."""
    if isinstance(entry, Ensemble):
        return runs.summarize(entry)  # its members lie anywhere
    folders = [entry.path, *(entry.path.glob("seed-*") if isinstance(entry, Group) else ())]
    files = [folder / file for folder in folders for file in _FILES]
    return _summarize(entry, tuple(file.stat().st_mtime_ns for file in files if file.exists()))


@st.cache_data(max_entries=500, show_spinner=False)
def _summarize(entry: RunEntry, written: tuple[int, ...]) -> AnySummary:
    return runs.summarize(entry)
