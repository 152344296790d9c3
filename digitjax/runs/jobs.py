"""Training jobs: trainings in processes of their own, which outlive the program that starts them.

A job is a run folder with two more files: `process.json` names the process that trains it, and `training.log` holds
what that process prints.
"""

import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import psutil

from digitjax.config import Config, validate
from digitjax.errors import InputError
from digitjax.runs.files import read_json, write_json
from digitjax.runs.run import DEFAULT_FOLDER, Run, create_run

State = Literal["training", "stopping", "calibrating", "finished", "stopped", "failed"]
PROCESS_FILE, _LOG_FILE = "process.json", "training.log"
_TAIL = 8192
"""Bytes at the end of the log that are searched for its last lines."""
_lock = threading.Lock()  # two sessions of the dashboard may start or stop jobs at once
_children: dict[tuple[int, float], "subprocess.Popen[bytes]"] = {}
"""Processes that this one started, whose exit codes it can ask for, by their pid and their start in seconds."""


@dataclass(frozen=True)
class Job:
    """A training in a process of its own."""

    run: Run
    pid: int
    started: float
    """Start of the process in seconds since 1970, since another process may get its pid later."""
    stop_asked: bool = False
    """Whether it was asked to save and to end."""

    @property
    def state(self) -> State:
        """State of the job."""
        trained = (self.run.path / "finished.json").exists()
        if self.running:
            return "calibrating" if trained else "stopping" if self.stop_asked else "training"
        return "finished" if trained else "stopped" if self.stop_asked else "failed"

    @property
    def running(self) -> bool:
        """Whether its process is alive."""
        return self._process() is not None

    @property
    def exit_code(self) -> int | None:
        """Exit code of its process, negative for a signal; None if it is alive, or another program started it."""
        child = _children.get((self.pid, self.started))
        return child.poll() if child else None

    def last_lines(self, count: int) -> list[str]:
        """Return up to `count` last lines that its process printed."""
        try:
            text = (self.run.path / _LOG_FILE).read_bytes()[-_TAIL:].decode(errors="replace")
        except OSError:
            return []
        return [line for line in text.splitlines() if line.strip()][-count:]

    def _process(self) -> psutil.Process | None:
        """Return its process if that is alive, and is not another one with the same pid."""
        if self.exit_code is not None:
            return None
        try:
            process = psutil.Process(self.pid)
            is_same = (
                abs(process.create_time() - self.started) < 1
            )  # the clock may have been adjusted meanwhile
            # A child whose first thread is a zombie may have other threads that still run.
            has_ended = process.status() == psutil.STATUS_ZOMBIE and (self.pid, self.started) not in _children
            return process if is_same and not has_ended else None
        except psutil.NoSuchProcess:
            return None


def start(config: Config, folder: Path = DEFAULT_FOLDER) -> Job:
    """Create the run of an experiment and train it in a process of its own.

    Args:
        config: the experiment; its name becomes that of the run folder.
        folder: folder of run folders.

    Returns:
        The job, which trains.

    Raises:
        InputError: the config is invalid, another job of this folder is training, or the run exists or cannot be
            written.
    """
    with _lock:
        _refuse_second(folder)
        return _launch(create_run(validate(config), folder))


def resume(run: Run) -> Job:
    """Resume the training of a job that has ended.

    Raises:
        InputError: another job of this folder is training, the run is finished, or its config is damaged.
    """
    with _lock:
        _refuse_second(run.path.parent)
        if (run.path / "finished.json").exists():
            raise InputError(f"{run.name} is finished: start it again under another name")
        if run.config.name != run.path.name:
            raise InputError(f"{run.path} was started as {run.config.name}: rename the folder back")
        return _launch(run)


def stop(job: Job) -> None:
    """Ask a job to save and to end, which takes a moment; asking again has no effect.

    Raises:
        InputError: its process belongs to another user.
    """
    with _lock:
        process = job._process()
        if process is None or job.stop_asked or find(job.run) != job:
            return
        try:
            process.terminate()  # only once: a second signal would end it before it has saved
        except psutil.NoSuchProcess:
            return
        except psutil.AccessDenied:
            raise InputError(f"{job.run.name} is trained by process {job.pid} of another user") from None
        _write(replace(job, stop_asked=True))


def find(run: Run) -> Job | None:
    """Return the job of a run, or None if it was not started as one.

    Raises:
        InputError: its process.json is damaged.
    """
    file = run.path / PROCESS_FILE
    if not file.exists():
        return None
    match read_json(file):
        case {"pid": int(pid), "started": float(started), "stop_asked": bool(asked)} if pid > 0:
            return Job(run, pid, started, asked)
    raise InputError(f"{file}: it names no process: delete it if no training is running")


def find_runs(folder: Path) -> list[Run]:
    """Return the runs of a folder that are jobs, the newest first."""
    files = sorted(folder.glob(f"*/{PROCESS_FILE}"), key=lambda file: file.stat().st_mtime, reverse=True)
    return [Run(file.parent) for file in files]


def _refuse_second(folder: Path) -> None:
    """Refuse a second training at a time in a folder."""
    for run in find_runs(folder):
        job = find(run)
        if job and job.running:
            raise InputError(f"{run.name} is still training: stop it first, or wait until it is finished")


def _launch(run: Run) -> Job:
    """Train a run folder with the command line, from its config or its newest checkpoint."""
    command = [sys.executable, "-P", "-m", "digitjax", "train", str(run.path / "config.json")]
    with (run.path / _LOG_FILE).open("ab") as log:
        child = subprocess.Popen(
            [*command, "--resume", "--runs", str(run.path.parent)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that neither Ctrl-C nor the end of the dashboard ends it
        )
    job = Job(run, child.pid, psutil.Process(child.pid).create_time())
    _children[job.pid, job.started] = child
    _write(job)
    return job


def _write(job: Job) -> None:
    content = {"pid": job.pid, "started": job.started, "stop_asked": job.stop_asked}
    write_json(job.run.path / PROCESS_FILE, content)
