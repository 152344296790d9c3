"""The training jobs that the page "Train" started: their progress, and buttons to stop or resume them."""

import shlex
from pathlib import Path

import streamlit as st

from digitjax.runs import Run, jobs
from digitjax.runs.jobs import Job
from parts.error_display import escape, show_errors
from parts.run_selection import RUN
from parts.training_progress import REFRESH_NOTE, REFRESH_SECONDS, show_progress
from parts.training_validation import show_training

MAX_EARLIER = 10
"""Most jobs shown besides the newest."""
LOG_LINES = 6
"""Lines of a job's log that are shown, from its end."""
STATES = {
    "training": "Training",
    "stopping": "Stopping after saving a checkpoint",
    "calibrating": "Trained; fitting the calibration",
    "finished": "Finished",
    "stopped": "Stopped; can be resumed",
    "failed": "Failed",
}
"""Texts for the states of `digitjax.runs.jobs`."""


def show_jobs(folder: Path) -> None:
    """Show the training jobs of a folder, the newest first."""
    running = is_any_running(folder)
    st.fragment(_show_jobs, run_every=REFRESH_SECONDS if running else None)(folder, running)


def is_any_running(folder: Path) -> bool:
    """Whether a training job of a folder is running."""
    running = False
    for run in jobs.find_runs(folder):
        with show_errors():
            job = jobs.find(run)
            running |= job is not None and job.running
    return running


def _show_jobs(folder: Path, running: bool) -> None:
    """Show the newest job, and earlier ones in an expander; while one is running this fragment reruns periodically."""
    if is_any_running(folder) != running:
        st.rerun()  # the whole page, which decides whether this fragment reruns
    runs = jobs.find_runs(folder)
    if not runs:
        return
    newest, *earlier = runs
    st.subheader("Training jobs")
    show_job(newest)
    if running:
        st.caption(REFRESH_NOTE)
    with show_errors():
        show_training(newest)
    if earlier:
        with st.expander("Earlier jobs", on_change="rerun", key="earlier") as expander:
            if expander.open:
                for run in earlier[:MAX_EARLIER]:
                    show_job(run)


def show_job(run: Run) -> None:
    """Show the state, the progress and the log of a job, and buttons for what can be done with it."""
    with st.container(border=True), show_errors():
        job = jobs.find(run)
        if job is None:
            return
        state = job.state
        st.markdown(f"**{escape(run.name)}**: {STATES[state]}")
        show_progress(run, running=job.running)
        if lines := job.last_lines(LOG_LINES):
            st.code("\n".join(lines), language=None, wrap_lines=True)
        if job.exit_code and state not in ("stopped", "stopping"):
            st.error(f"Failed with exit code {job.exit_code}: the last line of the log gives the reason.")
        with st.container(horizontal=True):
            show_actions(job)
        if state == "finished":
            st.caption("Evaluate it on the test split:")
            command = ["digitjax", "evaluate", run.name, "--runs", str(run.path.parent)]
            st.code(shlex.join(command), language=None, wrap_lines=True)


def show_actions(job: Job) -> None:
    """Show a button for each action that the state of a job allows."""
    name, state = job.run.name, job.state
    if state in ("training", "stopping"):
        note = "Saves a checkpoint first; the job can be resumed later."
        if st.button("Stop", key=f"stop-{name}", disabled=state == "stopping", help=note):
            jobs.stop(job)
            st.rerun()
    if state in ("stopped", "failed") and st.button("Resume", key=f"resume-{name}"):
        jobs.resume(job.run)
        st.rerun()
    for page, title in (("curves", "Curves"), ("runs", "Runs")):
        if st.button(f"Show in {title}", key=f"{page}-{name}", on_click=_select, args=(name,)):
            st.switch_page(f"views/{page}.py")


def _select(name: str) -> None:
    """Select a run in the sidebar."""
    st.session_state[RUN] = name
