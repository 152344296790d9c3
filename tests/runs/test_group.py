"""Groups and ensembles are found, listed even if damaged, created, evaluated, and predict together."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from digitjax import runs
from digitjax.config import Config, Data
from digitjax.errors import InputError
from digitjax.evaluation import evaluate as evaluation
from digitjax.recognition import recognizer
from digitjax.runs import Ensemble, EnsembleSummary, Group, GroupSummary, Run
from digitjax.runs.summary import summarize_run
from tests.run_files import set_config


@pytest.fixture
def folder(tiny_run: Run, tiny_group: Group, tmp_path: Path) -> Path:
    """A folder with a run, a group and an ensemble of all of them, which tests may modify."""
    shutil.copytree(tiny_run.path, tmp_path / "single")
    shutil.copytree(tiny_group.path, tmp_path / "group")
    members = runs.find_entry("group", tmp_path).members()
    runs.create_ensemble("all", [Run(tmp_path / "single"), *members], tmp_path)
    return tmp_path


def summary(folder: Path, name: str) -> GroupSummary | EnsembleSummary:
    result = runs.summarize(runs.find_entry(name, folder))
    assert isinstance(result, GroupSummary | EnsembleSummary)
    return result


def test_all_are_found_by_name_and_by_path(folder: Path):
    assert runs.find_entry("single", folder) == Run(folder / "single")
    assert runs.find_entry("group", folder) == Group(folder / "group")
    assert runs.find_entry(folder / "all", Path("elsewhere")) == Ensemble(folder / "all")
    assert runs.find_entry("group/seed-1", folder) == runs.find_run("group/seed-1", folder)
    assert runs.find_run("group/seed-1", folder).name == "group/seed-1"
    with pytest.raises(InputError, match="group is a group: name one of its runs, such as group/seed-0"):
        runs.find_run("group", folder)
    with pytest.raises(InputError, match="all is an ensemble: name a single run"):
        runs.find_run("all", folder)
    with pytest.raises(InputError, match="no run 'other'"):
        runs.find_entry("other", folder)


def test_runs_are_listed_with_those_of_groups_and_entries_each_once(folder: Path):
    assert {r.name for r in runs.list_runs(folder)} == {"single", "group/seed-0", "group/seed-1"}
    assert {e.name for e in runs.list_entries(folder)} == {"single", "group", "all"}
    for number in (2, 10):
        (folder / "group" / f"seed-{number}").mkdir()
    names = [r.name for r in runs.list_runs(folder) if r.name != "single"]
    assert names == [f"group/seed-{n}" for n in (0, 1, 2, 10)]


def test_summaries_hold_the_metrics_over_all_members(folder: Path):
    members = [summarize_run(run) for run in Group(folder / "group").members()]
    group, ensemble = summary(folder, "group"), summary(folder, "all")
    assert isinstance(group, GroupSummary)
    assert group.members == tuple(members)
    assert group.test_accuracy is not None
    assert group.test_accuracy.mean == np.mean([member.test_accuracy for member in members])
    assert (group.extent, group.problem) == ("2 seeds", "")
    assert ensemble.members == ("single", "group/seed-0", "group/seed-1")
    assert (ensemble.extent, ensemble.test_accuracy, ensemble.problem) == ("3 members", None, "")


@pytest.mark.parametrize(
    ("damage", "group_problem", "ensemble_problem"),
    [
        (lambda f: shutil.rmtree(f / "group/seed-1"), "group/seed-1: missing", "group/seed-1 is missing"),
        (
            lambda f: (f / "group/seed-1/config.json").write_text("{"),
            "seed-1/config.json: invalid",
            "seed-1/config.json: invalid",
        ),
        (lambda f: (f / "group/group.json").write_text("["), "group/group.json: it is not JSON", ""),
        (lambda f: (f / "group/group.json").write_text('{"seeds": [0]}'), "its seeds must be two", ""),
        (lambda f: (f / "all/ensemble.json").write_text("{}"), "", "its members must be paths"),
    ],
)
def test_damaged_entries_are_listed_with_the_problem(
    folder: Path, damage: Callable[[Path], object], group_problem: str, ensemble_problem: str
):
    damage(folder)
    for name, reason in (("group", group_problem), ("all", ensemble_problem)):
        problem = summary(folder, name).problem
        assert reason in problem
        assert bool(reason) == bool(problem)
        if reason:
            with pytest.raises(InputError):
                recognizer.load(name, folder)
    assert len(runs.list_runs(folder)) >= 2


def test_an_ensemble_is_validated_when_created(folder: Path):
    single, first, second = runs.find_run("single", folder), *runs.find_entry("group", folder).members()
    for name, members, reason in (
        ("all", [single, first], "all exists: choose another name, or discard an ensemble with --overwrite"),
        ("a/b", [single, first], "ensemble: name is 'a/b': it may have letters"),
        ("b", [single, single], "single is given twice"),
        ("b", [single], "an ensemble needs two or more runs"),
        ("b", [single, Run(folder / "none")], r"none/config\.json: No such file"),
    ):
        with pytest.raises(InputError, match=reason):
            runs.create_ensemble(name, members, folder)
    with pytest.raises(InputError, match="single exists"):
        runs.create_ensemble("single", [first, second], folder, overwrite=True)
    assert {p.name for p in folder.iterdir()} == {"single", "group", "all"}
    replaced = runs.create_ensemble("all", [second, first], folder, overwrite=True)
    assert replaced.member_paths() == ["group/seed-1", "group/seed-0"]
    assert replaced.members()[0].config == second.config


def test_an_ensemble_that_cannot_be_replaced_stays_as_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("digitjax.runs.run.write_text", fail)
    members = runs.find_entry("group", folder).members()
    with pytest.raises(InputError, match="No space left on device: choose another folder with --runs"):
        runs.create_ensemble("all", members, folder, overwrite=True)
    assert len(Ensemble(folder / "all").member_paths()) == 3
    with pytest.raises(InputError, match="No space left on device"):
        runs.create_ensemble("new", members, folder)
    assert {p.name for p in folder.iterdir()} == {"single", "group", "all"}


def test_an_ensemble_evaluates_and_reads_with_the_mean_of_the_probabilities(folder: Path):
    ensemble = Ensemble(folder / "all")
    each = [evaluation.evaluate(member, "validation").probabilities for member in ensemble.members()]
    evaluated = evaluation.evaluate(ensemble, "validation")
    np.testing.assert_allclose(evaluated.probabilities, np.mean(each, axis=0), atol=1e-6)
    assert evaluated.summary["steps"] == {"single": 21, "group/seed-0": 21, "group/seed-1": 21}
    assert ensemble.evaluations() == [("validation", "best", "none")]
    np.testing.assert_array_equal(evaluation.read(ensemble, "validation", "best").logits, evaluated.logits)
    assert summary(folder, "all").validation_accuracy == evaluated.summary["accuracy"]
    assert summary(folder, "all").validation_interval == tuple(evaluated.summary["accuracy_interval"])

    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    for name, members in (("all", ensemble.member_paths()), ("group", ["group/seed-0", "group/seed-1"])):
        expected = np.mean([recognizer.load(m, folder).probabilities(images) for m in members], axis=0)
        np.testing.assert_allclose(recognizer.load(name, folder).probabilities(images), expected, atol=1e-6)


def test_an_ensemble_of_autoencoders_is_refused(folder: Path, tiny_vae: Run):
    with pytest.raises(InputError, match="tiny-vae: its vae has no probabilities to average"):
        runs.create_ensemble("e", [tiny_vae, runs.find_run("single", folder)], folder)
    assert not (folder / "e").exists()


def test_an_ensemble_of_other_data_reads_but_does_not_evaluate(folder: Path):
    config = runs.find_run("single", folder).config
    other = replace(config, data=Data(name="digits", split_seed=1, manual_dir="x"))
    set_config(Run(folder / "single"), other)
    with pytest.raises(InputError, match=r"single and .*seed-0 differ in data\.split_seed \(1 and 0\)"):
        evaluation.evaluate(Ensemble(folder / "all"))
    assert recognizer.load("all", folder).name == "all"
    set_config(Run(folder / "single"), config)
    path = folder / "group/seed-1/environment.json"
    path.write_text(path.read_text().replace('"data_sha256": "', '"data_sha256": "0'))
    with pytest.raises(InputError, match="seed-1: it was trained on other data"):
        evaluation.evaluate(Ensemble(folder / "all"))


def test_an_unfinished_run_is_a_problem_of_its_group_and_its_ensemble(folder: Path):
    (folder / "group/seed-1/finished.json").unlink()
    for name in ("group", "all"):
        assert summary(folder, name).problem == "group/seed-1: not finished: continue it with --resume"
    with pytest.raises(InputError, match="not finished"):
        Group(folder / "group").members()


def test_a_moved_folder_of_runs_keeps_its_ensembles(folder: Path):
    moved = folder.rename(folder.with_name("moved"))
    assert summary(moved, "all").problem == ""
    content = json.loads((moved / "all/ensemble.json").read_text())
    assert content["members"] == ["single", "group/seed-0", "group/seed-1"]
    assert isinstance(Run(moved / "single").config, Config)
