"""What trainings have logged: read once for all sessions, and shown as progress."""

import streamlit as st

from digitjax.runs import Run, log_reader
from digitjax.runs.log_reader import EMPTY, TrainingLog
from parts.error_display import escape

REFRESH_SECONDS = 2


def read_log(run: Run) -> TrainingLog:
    """Read the log of a run: of one that grows only what is new.

    Raises:
        InputError: it is damaged.
    """
    newest = _newest(str(run.path.absolute()))
    newest[0] = log_reader.read(run, newest[0])
    return newest[0]


@st.cache_resource(max_entries=64, show_spinner=False)
def _newest(path: str) -> list[TrainingLog]:
    return [EMPTY]


def show_progress(run: Run, *, running: bool = True) -> None:
    """Show how far a training is, and if it is running how long it will take.

    Raises:
        InputError: the run is damaged.
    """
    progress = log_reader.progress(run, read_log(run))
    steps = f"step {progress.step:,}" + f" of {progress.steps:,}" * bool(progress.steps)
    known = running and progress.seconds_left is not None
    left = f", {format_seconds(progress.seconds_left)} left" if known else ""
    text = f"epoch {progress.epoch} of {progress.epochs:g}, {steps}{left}" if progress.step else "starting"
    st.progress(progress.share, f"{escape(run.name)}: {text}")


def format_seconds(seconds: float) -> str:
    """Write a time in words that are short."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
