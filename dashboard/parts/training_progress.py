"""The logs of runs, read once for all sessions, and the progress of trainings."""

import streamlit as st

from digitjax.runs import Run, log_reader
from digitjax.runs.log_reader import EMPTY_LOG, TrainingLog
from parts.error_display import escape
from parts.formatting import format_seconds

REFRESH_SECONDS = 2
"""Between two updates of a page while a run is being trained."""
REFRESH_NOTE = f"Training in progress: refreshes every {REFRESH_SECONDS} seconds."


def read_log(run: Run) -> TrainingLog:
    """Read the log of a run, of a growing one only the new lines.

    Raises:
        InputError: it is damaged.
    """
    cached = _cached_log(str(run.path.absolute()))
    cached[0] = log_reader.read(run, cached[0])
    return cached[0]


@st.cache_resource(max_entries=64, show_spinner=False)
def _cached_log(path: str) -> list[TrainingLog]:
    """Return a list that holds the log of a run as it was read last."""
    return [EMPTY_LOG]


def show_progress(run: Run, *, running: bool = True) -> None:
    """Show the progress of a training.

    Args:
        run: that is trained.
        running: whether to show the time that is left.

    Raises:
        InputError: the run is damaged.
    """
    progress = log_reader.progress(run, read_log(run))
    steps = f"step {progress.step:,}" + f" of {progress.steps:,}" * bool(progress.steps)
    seconds = progress.seconds_left if running else None
    left = f", {format_seconds(seconds)} left" if seconds is not None else ""
    text = f"epoch {progress.epoch} of {progress.epochs:g}, {steps}{left}" if progress.step else "starting"
    st.progress(progress.share, f"{escape(run.name)}: {text}")
