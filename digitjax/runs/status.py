"""Whether a run is in training, finished, stopped or failed, and why it failed.

RUN/failed.json
  reason               why the last training ended by itself; deleted when the run is resumed
"""

from contextlib import suppress
from typing import Literal

from digitjax.errors import InputError
from digitjax.runs import jobs
from digitjax.runs.files import read_json, write_json
from digitjax.runs.folders import is_locked
from digitjax.runs.integrity import FINISHED
from digitjax.runs.run import Run
from digitjax.runs.search import has_file

Status = Literal["training", "finished", "stopped", "failed"]
FAILED = "failed.json"


def is_training(run: Run) -> bool:
    """Return whether a process trains a run at the moment, or is about to."""
    if is_locked(run.path):
        return True
    job = _find_job(run)
    return job is not None and job.running


def find_status(run: Run) -> tuple[Status, str]:
    """Return the status of a run, and the reason if its training failed.

    Args:
        run: perhaps damaged.

    Returns:
        A run that was interrupted, or whose process was killed outside of the dashboard, is stopped.
    """
    if is_training(run):
        return "training", ""
    if has_file(run.path, FINISHED):
        return "finished", ""
    with suppress(InputError):
        if has_file(run.path, FAILED):
            return "failed", str(read_json(run.path / FAILED).get("reason"))
    job = _find_job(run)
    if job and job.state == "failed":
        return "failed", " ".join(job.last_lines(1)) or "its process ended without a message"
    return "stopped", ""


def _find_job(run: Run) -> jobs.Job | None:
    """Return the job of a run, if it has one that can be read."""
    if has_file(run.path, jobs.PROCESS_FILE):
        with suppress(InputError):
            return jobs.find(run)
    return None


def write_failure(run: Run, error: Exception) -> None:
    """Note why a training failed, in one line.

    Args:
        run: whose training failed.
        error: what ended it.
    """
    with suppress(OSError):  # such as a full disk, perhaps the reason itself
        write_json(run.path / FAILED, {"reason": " ".join(str(error).split()) or type(error).__name__})
