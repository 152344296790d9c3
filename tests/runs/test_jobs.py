"""Training jobs: started, stopped and resumed, one at a time."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from digitjax.config import CNNConfig, Config, Data, Training
from digitjax.errors import InputError
from digitjax.runs import Run, create_run, jobs, read_json, write_json
from digitjax.runs.jobs import Job

SHORT = Config(
    name="short",
    data=Data(name="digits"),
    model=CNNConfig(channels=(4,), dense=()),
    training=Training(epochs=1, batch_size=64),
)
LONG = replace(SHORT, name="long", training=Training(epochs=100_000, batch_size=64))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of runs, whose jobs are killed after the test."""
    yield tmp_path
    for run in jobs.find_runs(tmp_path):
        with contextlib.suppress(InputError):  # damaged on purpose
            if find(run).running:
                process = psutil.Process(find(run).pid)
                process.kill()
                process.wait(10)


def wait_until(condition: Callable[[], object], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def find(run: Run) -> Job:
    job = jobs.find(run)
    assert job
    return job


def write(job: Job) -> None:
    """Write process.json as a job of another program would have it."""
    content = {"pid": job.pid, "started": job.started, "stop_asked": job.stop_asked}
    write_json(job.run.path / "process.json", content)


@pytest.fixture
def sleeper(folder: Path) -> Iterator[Job]:
    """A job whose process does nothing."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
    job = Job(create_run(LONG, folder), process.pid, psutil.Process(process.pid).create_time())
    write(job)
    yield job
    process.kill()
    process.wait(10)


@pytest.mark.slow
def test_a_job_trains_a_run_and_has_its_exit_code(folder: Path):
    job = jobs.start(SHORT, folder)
    assert job == find(job.run)
    content = {"pid": job.pid, "started": job.started, "stop_asked": False}
    assert read_json(job.run.path / "process.json") == content
    assert job.state == "training"
    assert os.getsid(job.pid) == job.pid != os.getsid(0)  # it outlives this process
    wait_until(lambda: not job.running)
    assert (job.state, job.exit_code) == ("finished", 0)
    assert job.run.config == SHORT
    assert (job.run.path / "calibration.json").exists()
    printed = job.last_lines(10)
    assert any("epoch 1  step 21  validation" in line for line in printed)
    assert job.last_lines(1) == printed[-1:]
    with pytest.raises(InputError, match="short is finished"):
        jobs.resume(job.run)
    with pytest.raises(InputError, match="short exists"):
        jobs.start(SHORT, folder)


@pytest.mark.slow
def test_a_job_is_stopped_and_resumed(folder: Path):
    run = jobs.start(LONG, folder).run
    wait_until(lambda: len(run.metrics()) > 20)
    with pytest.raises(InputError, match="long is still training: stop it first"):
        jobs.start(SHORT, folder)
    with pytest.raises(InputError, match="long is still training"):
        jobs.resume(run)
    assert not (folder / "short").exists()
    jobs.stop(find(run))
    jobs.stop(find(run))  # a second signal would end it before it has saved
    wait_until(lambda: not find(run).running)
    assert (find(run).state, find(run).exit_code) == ("stopped", 128 + signal.SIGTERM)
    assert "which is saved: continue it with --resume" in find(run).last_lines(1)[0]
    step = run.metrics()[-1]["step"]
    jobs.resume(run)
    assert find(run).state == "training"
    wait_until(lambda: run.metrics()[-1]["step"] > step + 10)
    jobs.stop(find(run))
    wait_until(lambda: find(run).state == "stopped")
    steps = [row["step"] for row in run.metrics() if row["split"] == "train"]
    assert steps == sorted(set(steps))


@pytest.mark.slow
def test_a_job_that_fails_says_why(folder: Path):
    job = jobs.start(replace(SHORT, data=Data(name="folder", folder=str(folder / "nowhere"))), folder)
    wait_until(lambda: not job.running)
    assert (job.state, job.exit_code) == ("failed", 2)
    assert job.last_lines(1)[0].startswith("digitjax: error: ")


def test_a_later_process_with_the_same_pid_is_not_stopped(sleeper: Job):
    assert sleeper.running
    stale = replace(sleeper, started=sleeper.started - 100)
    write(stale)
    assert find(sleeper.run).state == "failed"
    jobs.stop(stale)
    jobs.stop(sleeper)  # is not what process.json says
    assert psutil.Process(sleeper.pid).is_running()
    assert not find(sleeper.run).stop_asked


def test_a_job_is_signalled_once(sleeper: Job, monkeypatch: pytest.MonkeyPatch):
    signals = []
    monkeypatch.setattr(psutil.Process, "terminate", lambda process: signals.append(process.pid))
    jobs.stop(sleeper)
    assert find(sleeper.run).state == "stopping"
    for job in (sleeper, find(sleeper.run)):
        jobs.stop(job)
    assert signals == [sleeper.pid]
    write_json(sleeper.run.path / "finished.json", {})
    assert find(sleeper.run).state == "calibrating"


def test_the_job_of_a_dead_process_has_failed(folder: Path):
    process = subprocess.Popen([sys.executable, "-c", ""])
    job = Job(create_run(SHORT, folder), process.pid, psutil.Process(process.pid).create_time())
    write(job)
    wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
    assert job.state == "failed"
    process.wait(10)
    assert (job.state, job.exit_code, job.last_lines(3)) == ("failed", None, [])
    jobs.stop(job)


def test_a_run_that_was_trained_without_a_job_has_none(tiny_run: Run, folder: Path):
    assert jobs.find(tiny_run) is None
    assert jobs.find_runs(tiny_run.path.parent) == jobs.find_runs(folder / "nowhere") == []


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"pid": "1"}', '{"pid": -1, "started": 1.0, "stop_asked": false}']
)
def test_a_damaged_process_file_is_named(folder: Path, content: str):
    run = create_run(SHORT, folder)
    (run.path / "process.json").write_text(content)
    with pytest.raises(InputError, match=r"process\.json: it"):
        jobs.find(run)
    with pytest.raises(InputError, match=r"process\.json: it"):
        jobs.start(LONG, folder)
    assert not (folder / "long").exists()


def test_a_folder_that_was_renamed_is_not_resumed(folder: Path):
    run = create_run(SHORT, folder)
    renamed = Run(run.path.rename(folder / "other"))
    with pytest.raises(InputError, match="was started as short: rename the folder back"):
        jobs.resume(renamed)
