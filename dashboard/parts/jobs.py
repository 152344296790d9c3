"""Trainings that were started from the page "Train": how far they are, and what can be done about them."""

import shlex
from pathlib import Path

import streamlit as st

from digitjax.runs import Run, jobs
from digitjax.runs.jobs import Job
from parts.error_display import escape, show_errors
from parts.logs import REFRESH_SECONDS, show_progress
from parts.selection import RUN

MOST_EARLIER = 10
LOG_LINES = 6
STATES = {
    "training": "is training",
    "stopping": "saves what it has, and stops",
    "calibrating": "is trained, and its confidence is being calibrated",
    "finished": "is finished",
    "stopped": "was stopped, and can go on",
    "failed": "ended before it was done",
}


def show_jobs(folder: Path) -> None:
    """Show the trainings of a folder that were started here, the newest first."""
    running = any_runs(folder)
    st.fragment(_show_jobs, run_every=REFRESH_SECONDS if running else None)(folder, running)


def any_runs(folder: Path) -> bool:
    """Whether a training that was started here is running."""
    running = False
    for run in jobs.find_runs(folder):
        with show_errors():
            job = jobs.find(run)
            running |= job is not None and job.running
    return running


def _show_jobs(folder: Path, running: bool) -> None:
    """Show the newest training, and the others on demand; while one is running this part draws itself again."""
    if any_runs(folder) != running:
        st.rerun()  # the whole page: it decides whether this part goes on
    newest, *earlier = jobs.find_runs(folder) or [None]
    if newest is None:
        return
    st.subheader("Started here")
    show_job(newest)
    if running:
        st.caption(f"training: refreshes every {REFRESH_SECONDS} seconds")
    if earlier:
        with st.expander("Earlier", on_change="rerun", key="earlier") as shown:
            if shown.open:
                for run in earlier[:MOST_EARLIER]:
                    show_job(run)


def show_job(run: Run) -> None:
    """Show a training: its state, its progress, the end of its log, and what can be done."""
    with st.container(border=True), show_errors():
        job = jobs.find(run)
        if job is None:
            return
        state = job.state
        st.markdown(f"**{escape(run.name)}** {STATES[state]}.")
        show_progress(run, running=job.running)
        if lines := job.last_lines(LOG_LINES):
            st.code("\n".join(lines), language=None, wrap_lines=True)
        if job.exit_code and state not in ("stopped", "stopping"):
            st.error(f"Its process ended with exit code {job.exit_code}; the last line of its log says why.")
        with st.container(horizontal=True):
            show_actions(job)
        if state == "finished":
            st.caption("To measure it on the test split:")
            command = ["digitjax", "evaluate", run.name, "--runs", str(run.path.parent)]
            st.code(shlex.join(command), language="bash")


def show_actions(job: Job) -> None:
    """Show a button for each thing that can be done about a training."""
    name, state = job.run.name, job.state
    if state in ("training", "stopping"):
        help = "It saves first, and can go on later."
        if st.button("Stop", key=f"stop-{name}", disabled=state == "stopping", help=help):
            jobs.stop(job)
            st.rerun()
    if state in ("stopped", "failed") and st.button("Go on", key=f"resume-{name}"):
        jobs.resume(job.run)
        st.rerun()
    for page, title in (("curves", "Curves"), ("runs", "Runs")):
        if st.button(f"Show in {title}", key=f"{page}-{name}", on_click=_choose, args=(name,)):
            st.switch_page(f"views/{page}.py")


def _choose(name: str) -> None:
    """Make it the run that all pages show."""
    st.session_state[RUN] = name
