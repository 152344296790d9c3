"""Trainings that run beside the program that starts them, such as the dashboard, and outlive it.

A job is a run folder with two more files: `process.json` says which process trains it, and `training.log` holds
what that process prints.
"""

import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import psutil

from digitjax import runs
from digitjax.config import Config
from digitjax.errors import InputError
from digitjax.runs import Run

State = Literal["training", "stopping", "calibrating", "finished", "stopped", "failed"]
_PROCESS_FILE, _LOG_FILE = "process.json", "training.log"
_TAIL = 8192  # bytes of the log that are looked at
_lock = threading.Lock()  # against two sessions that start or stop at once
_children: dict[
    tuple[int, float], "subprocess.Popen[bytes]"
] = {}  # of this process alone: they tell how they ended


@dataclass(frozen=True)
class Job:
    """A training in a process of its own."""

    run: Run
    pid: int
    started: float
    """When the process began, in seconds since 1970: another process may get its number later."""
    stop_asked: bool = False

    @property
    def state(self) -> State:
        """How far it is."""
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
        """What its process ended with, negative for a signal; None if it runs, or another program started it."""
        child = _children.get((self.pid, self.started))
        return child.poll() if child else None

    def last_lines(self, count: int) -> list[str]:
        """Return the last lines that its process printed; none if it printed nothing."""
        try:
            text = (self.run.path / _LOG_FILE).read_bytes()[-_TAIL:].decode(errors="replace")
        except OSError:
            return []
        return [line for line in text.splitlines() if line.strip()][-count:]

    def _process(self) -> psutil.Process | None:
        """Return its process if that is alive, and the same."""
        if self.exit_code is not None:
            return None
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < 1  # the clock may have been set meanwhile
            # A child whose first thread is a zombie has not ended before it can be waited for.
            ended = process.status() == psutil.STATUS_ZOMBIE and (self.pid, self.started) not in _children
            return process if same and not ended else None
        except psutil.NoSuchProcess:
            return None


def start(config: Config, folder: Path = runs.DEFAULT_FOLDER) -> Job:
    """Create the run of an experiment and train it in a process of its own.

    Raises:
        InputError: another job of this folder is training, or the run exists or cannot be written.
    """
    with _lock:
        _refuse_second(folder)
        return _launch(runs.create(config, folder))


def resume(run: Run) -> Job:
    """Go on with the training of a job that has ended.

    Raises:
        InputError: another job of this folder is training, the run is finished, or its config is damaged.
    """
    with _lock:
        _refuse_second(run.path.parent)
        if (run.path / "finished.json").exists():
            raise InputError(f"{run.name} is finished: start it anew under another name")
        if run.config.name != run.path.name:
            raise InputError(f"{run.path} was begun as {run.config.name}: give the folder its name back")
        return _launch(run)


def stop(job: Job) -> None:
    """Ask a job to save and to end, which takes it a moment. To ask twice does no more than to ask once.

    Raises:
        InputError: its process belongs to somebody else.
    """
    with _lock:
        process = job._process()
        if process is None or job.stop_asked or find(job.run) != job:
            return
        try:
            process.terminate()  # once: a second signal would end it before it has saved
        except psutil.NoSuchProcess:
            return
        except psutil.AccessDenied:
            raise InputError(f"{job.run.name} is trained by somebody else's process {job.pid}") from None
        _write(replace(job, stop_asked=True))


def find(run: Run) -> Job | None:
    """Return the job of a run, if it is one.

    Raises:
        InputError: its process.json is damaged.
    """
    file = run.path / _PROCESS_FILE
    if not file.exists():
        return None
    match runs.read_json(file):
        case {"pid": int(pid), "started": float(started), "stop_asked": bool(asked)} if pid > 0:
            return Job(run, pid, started, asked)
    raise InputError(f"{file}: it names no process: delete it if no training is running")


def find_runs(folder: Path) -> list[Run]:
    """Return the runs of a folder that are jobs, the newest first."""
    files = sorted(folder.glob(f"*/{_PROCESS_FILE}"), key=lambda file: file.stat().st_mtime, reverse=True)
    return [Run(file.parent) for file in files]


def _refuse_second(folder: Path) -> None:
    for run in find_runs(folder):
        job = find(run)
        if job and job.running:
            raise InputError(f"{run.name} is still training: stop it first, or wait until it is done")


def _launch(run: Run) -> Job:
    """Train a run that has its config, and perhaps more, as the command line does."""
    command = [sys.executable, "-P", "-m", "digitjax", "train", str(run.path / "config.json")]
    with (run.path / _LOG_FILE).open("ab") as log:
        child = subprocess.Popen(
            [*command, "--resume", "--runs", str(run.path.parent)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # neither Ctrl-C nor the end of the dashboard ends it
        )
    job = Job(run, child.pid, psutil.Process(child.pid).create_time())
    _children[job.pid, job.started] = child
    _write(job)
    return job


def _write(job: Job) -> None:
    content = {"pid": job.pid, "started": job.started, "stop_asked": job.stop_asked}
    runs.write_json(job.run.path / _PROCESS_FILE, content)
