"""The study that workers share: each trial is finished once, whoever dies."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from digitjax.config import Adam, Config, Float, Sweep
from digitjax.errors import InputError
from digitjax.model.sweeps import study as studies
from digitjax.model.sweeps.study import Study

SWEEP = Sweep(name="s", base=Config(), space={"optimizer.lr": Float(1e-4, 1e-1, log=True)}, trials=5)

WORKER = """
import sys, time
from pathlib import Path
from digitjax.config import Config, Float, Sweep
from digitjax.model.sweeps.study import Study
folder, url, trials, seconds = sys.argv[1:]
sweep = Sweep(name="s", base=Config(), space={"optimizer.lr": Float(1e-4, 1e-1, log=True)})
def objective(trial):
    value = trial.suggest_float("optimizer.lr", 1e-4, 1e-1, log=True)
    print(trial.number, value, flush=True)
    time.sleep(float(seconds))
    return value
with Study(sweep, Path(folder), url or None) as study:
    study.work(objective, int(trials))
"""


def start_worker(folder: Path, trials: int, seconds: float = 0.0, url: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, str(folder), url, str(trials), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def objective(trial: Any) -> float:
    return trial.suggest_float("optimizer.lr", 1e-4, 1e-1, log=True)


def load_study(folder: Path) -> optuna.Study:
    """Load the study of a folder with Optuna alone, as any program may."""
    backend = JournalFileBackend(str(folder / "journal.log"))
    return optuna.load_study(study_name="s", storage=JournalStorage(backend))


def states(study: optuna.Study) -> list[str]:
    return [trial.state.name for trial in study.get_trials()]


@pytest.mark.parametrize("url", ["", pytest.param("sqlite:///{}/study.db", marks=pytest.mark.slow)])
def test_workers_that_start_together_finish_each_trial_once(tmp_path: Path, url: str):
    workers = [start_worker(tmp_path, 20, 0.02, url.format(tmp_path)) for _ in range(3)]
    printed = [worker.communicate(timeout=100) for worker in workers]
    assert [error for _, error in printed] == [""] * 3
    numbers = [line.split()[0] for out, _ in printed for line in out.splitlines()]
    assert len(numbers) == len(set(numbers)) == 20
    study = Study(SWEEP, tmp_path, url.format(tmp_path) or None)
    assert [trial.state.name for trial in study.trials()] == ["COMPLETE"] * 20
    assert not list((tmp_path / ".workers").iterdir())


def test_the_trial_of_a_killed_worker_is_run_again_with_the_same_values(tmp_path: Path):
    worker = start_worker(tmp_path, 5, 100)
    assert worker.stdout is not None
    assert worker.stderr is not None
    number, value = worker.stdout.readline().split()
    seen = []
    with Study(SWEEP, tmp_path) as study:
        worker.kill()
        worker.communicate()
        study.work(lambda trial: seen.append(objective(trial)) or seen[-1], 5)
        assert number == "0"
        assert seen[0] == float(value)
    assert states(load_study(tmp_path)) == ["FAIL"] + ["COMPLETE"] * 5


def test_a_living_worker_keeps_its_trial(tmp_path: Path):
    worker = start_worker(tmp_path, 2, 100)
    assert worker.stdout is not None
    worker.stdout.readline()
    with Study(SWEEP, tmp_path) as study:
        study.work(objective, 2)
    assert states(load_study(tmp_path)) == ["RUNNING", "COMPLETE"]
    worker.kill()
    worker.communicate()


def test_values_whose_workers_die_repeatedly_are_given_up(tmp_path: Path):
    with Study(SWEEP, tmp_path) as study:
        for _ in range(3):
            load_study(tmp_path).ask().set_user_attr("worker", "dead")
            study.work(objective, 0)
        assert states(load_study(tmp_path)) == ["FAIL"] * 3
        study.work(objective, 1)
        assert [(trial.number, trial.user_attrs.keys()) for trial in study.trials()] == [(3, {"worker"})]


def test_a_trial_whose_worker_died_before_it_claimed_it_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with Study(SWEEP, tmp_path) as study:
        load_study(tmp_path).ask()
        study.work(objective, 1)
        assert states(load_study(tmp_path)) == ["RUNNING"]
        monkeypatch.setattr(studies, "CLAIM_TIMEOUT", studies.CLAIM_TIMEOUT * 0)
        study.work(objective, 1)
        assert states(load_study(tmp_path)) == ["FAIL", "COMPLETE"]


@pytest.mark.slow
def test_in_a_database_a_worker_without_a_heartbeat_is_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    url = f"sqlite:///{tmp_path}/study.db"
    worker = start_worker(tmp_path, 1, 100, url)
    assert worker.stdout is not None
    _, value = worker.stdout.readline().split()
    worker.kill()
    worker.communicate()
    loaded = optuna.load_study(study_name="s", storage=url)
    with Study(SWEEP, tmp_path, url) as study:
        study.work(objective, 1)
    assert states(loaded) == ["RUNNING"]
    monkeypatch.setattr(studies, "GRACE", 1)
    deadline = time.monotonic() + 60
    with Study(SWEEP, tmp_path, url) as study:
        while states(loaded) == ["RUNNING"] and time.monotonic() < deadline:
            study.work(objective, 1)
            time.sleep(0.1)
        assert states(loaded) == ["FAIL", "COMPLETE"]
        assert study.trials()[0].value == float(value)


def test_a_worker_that_slept_leaves_its_trial_to_the_worker_that_took_it_over(tmp_path: Path):
    with Study(SWEEP, tmp_path) as study:

        def sleep(trial: Any) -> float:
            if trial.number == 0:
                load_study(tmp_path).tell(0, state=TrialState.FAIL)
                trial.report(0.5, 1)
            return objective(trial)

        study.work(sleep, 2)
    assert states(load_study(tmp_path)) == ["FAIL", "COMPLETE", "COMPLETE"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_error_that_ends_the_work_enqueues_the_trial_again(tmp_path: Path, error: BaseException):
    values = []

    def stop(trial: Any) -> float:
        trial.set_user_attr("run", "trial-0000")
        values.append(objective(trial))
        raise error

    with Study(SWEEP, tmp_path) as study:
        with pytest.raises(type(error)):
            study.work(stop, 1)
        assert study.trials()[-1].user_attrs == {"run": "trial-0000"}
        study.work(objective, 1)
        [trial] = study.trials()
        assert [trial.value] == values
        assert trial.user_attrs["run"] == "trial-0000"


def test_when_two_workers_start_a_trial_at_once_one_of_them_is_surplus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with Study(SWEEP, tmp_path) as late, Study(SWEEP, tmp_path) as other:
        optimize = optuna.Study.optimize

        def optimize_after_the_other(study: optuna.Study, *args: Any, **options: Any) -> None:
            monkeypatch.undo()
            other.work(objective, 3)
            optimize(study, *args, **options)

        monkeypatch.setattr(optuna.Study, "optimize", optimize_after_the_other)
        late.work(objective, 3)
    assert states(load_study(tmp_path)) == ["COMPLETE"] * 3 + ["FAIL"]


def test_an_incomplete_line_of_a_killed_writer_is_cut_off(tmp_path: Path):
    with Study(SWEEP, tmp_path) as study:
        study.work(objective, 2)
        with (tmp_path / "journal.log").open("a") as journal:
            journal.write('{"op_code": 4, "wor')
        study.work(objective, 3)
    assert states(load_study(tmp_path)) == ["COMPLETE"] * 3


def test_importances_need_ten_trials(tmp_path: Path):
    with Study(SWEEP, tmp_path) as study:
        study.work(objective, 9)
        assert study.importances() == {}
        study.work(objective, 10)
        assert study.importances() == {"optimizer.lr": 1.0}


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"base": Config(optimizer=Adam(b1=0.5))}, r"base\.optimizer\.b1"),
        ({"space": {"optimizer.lr": Float(1e-4, 1.0, log=True)}}, r"space\.optimizer\.lr"),
        ({"space": {**SWEEP.space, "optimizer.b1": Float(0.0, 0.9)}}, r"space\.optimizer\.b1"),
    ],
)
def test_another_experiment_under_the_same_name_is_refused(tmp_path: Path, other: dict[str, Any], field: str):
    Study(SWEEP, tmp_path)
    changed = Sweep(**{"name": "s", "base": SWEEP.base, "space": SWEEP.space, **other})
    with pytest.raises(InputError, match=rf"its trials have another {field}: give the sweep another"):
        Study(changed, tmp_path)
    Study(Sweep(name="s", base=Config(name="renamed"), space=SWEEP.space, trials=99), tmp_path)


def test_trials_of_another_study_are_not_overwritten(tmp_path: Path):
    (tmp_path / "trial-0000").mkdir()
    with pytest.raises(InputError, match="it holds trials of another study"):
        Study(SWEEP, tmp_path)


@pytest.mark.parametrize("url", ["nowhere", "cobol://host/db", "sqlite:////nowhere/study.db"])
def test_a_storage_that_cannot_be_used_is_named(tmp_path: Path, url: str):
    with pytest.raises(InputError, match=f"--storage {url.partition(':')[0]}: it cannot be used"):
        Study(SWEEP, tmp_path, url)


def test_a_damaged_journal_is_named(tmp_path: Path):
    (tmp_path / "journal.log").write_text("?\n?\n")
    with pytest.raises(InputError, match=r"journal\.log: it cannot be used"):
        Study(SWEEP, tmp_path)


def test_without_optuna_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"pip install 'digitjax\[sweep\]'"):
        studies.load_optuna()
