"""Summaries of runs, groups and ensembles, cached until their files change."""

from typing import NamedTuple

import streamlit as st

from digitjax import runs
from digitjax.runs import ENSEMBLE_FILE, GROUP_FILE, Ensemble, Group, Run, RunEntry, query
from digitjax.runs.annotations import ANNOTATIONS_FILE
from digitjax.runs.folders import is_locked
from digitjax.runs.group_summary import AnySummary
from digitjax.runs.jobs import PROCESS_FILE
from digitjax.runs.query import Fields
from digitjax.runs.status import FAILED, is_training

_FILES = (
    "",
    "config.json",
    "environment.json",
    "metrics.jsonl",
    "finished.json",
    "calibration.json",
    "checkpoints",
    "evaluation",
    ANNOTATIONS_FILE,
    FAILED,
    PROCESS_FILE,
    GROUP_FILE,
    ENSEMBLE_FILE,
)


class Description(NamedTuple):
    """What lists show of an entry."""

    summary: AnySummary
    fields: Fields
    """What a filter can name, by name."""


def describe(entry: RunEntry) -> Description:
    """Describe a run, a group or an ensemble; what cannot be read is reported in the field `problem` of its summary."""
    if isinstance(entry, Ensemble):
        return _describe(entry)  # its members can be in any folder
    folders = [entry.path, *(entry.path.glob("seed-*") if isinstance(entry, Group) else ())]
    files = [folder / file for folder in folders for file in _FILES]
    written_ns = tuple(file.stat().st_mtime_ns for file in files if file.exists())
    return _describe_cached(entry, written_ns, tuple(is_training(Run(folder)) for folder in folders))


def find_training(entry: RunEntry) -> list[Run]:
    """Return the runs of an entry that are in training; while a group waits for its next seed, the first one."""
    if isinstance(entry, Ensemble):
        return []
    members = list(map(Run, sorted(entry.path.glob("seed-*")))) if isinstance(entry, Group) else [entry]
    training = [run for run in members if is_training(run)]
    return training or members[:1] * is_locked(entry.path)


@st.cache_data(max_entries=500, show_spinner=False)
def _describe_cached(entry: RunEntry, written_ns: tuple[int, ...], training: tuple[bool, ...]) -> Description:
    return _describe(entry)


def _describe(entry: RunEntry) -> Description:
    summary = runs.summarize(entry)
    return Description(summary, query.find_fields(entry, summary))
