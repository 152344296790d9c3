"""Files that were changed, cut, lost or swapped after a training are named, and what is used instead."""

import json
import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from digitjax import cli, runs
from digitjax.errors import InputError
from digitjax.evaluation.verify import verify
from digitjax.model.training.train import train
from digitjax.runs import Group, Run, checkpoints, integrity, manifest, summarize
from digitjax.runs.run import Evaluable
from digitjax.runs.summary import summarize_run

Damage = Callable[[Evaluable, Evaluable], object]


@pytest.fixture
def pair(tiny_run: Run, tiny_group: Group, tmp_path: Path) -> tuple[Run, Run]:
    """A run, and one with another seed, evaluated both; tests may modify them."""
    first, second = tmp_path / "runs" / "tiny", tmp_path / "other"
    shutil.copytree(tiny_run.path, first)
    shutil.copytree(tiny_group.member(1).path, second)
    for run in (Run(first), Run(second)):
        folder = run.evaluation_folder("robustness-test", 21)
        folder.mkdir()
        integrity.write_own(run, folder / "robustness.json", {})
    return Run(first), Run(second)


def replace(name: str, old: str, new: str) -> Damage:
    """Replace text in a file."""

    def damage(run: Evaluable, _: Evaluable) -> None:
        text = (run.path / name).read_text()
        assert old in text
        (run.path / name).write_text(text.replace(old, new, 1))

    return damage


def swap(name: str) -> Damage:
    """Replace a file, or a folder, by that of another run."""

    def damage(run: Evaluable, other: Evaluable) -> None:
        if (run.path / name).is_dir():
            shutil.rmtree(run.path / name)
            shutil.copytree(other.path / name, run.path / name)
        else:
            shutil.copy(other.path / name, run.path / name)

    return damage


def cut(run: Run, _: Run) -> None:
    lines = run.metrics_file.read_text().splitlines(keepends=True)
    run.metrics_file.write_text("".join(lines[:-1]))


DAMAGES: dict[str, tuple[Damage, str]] = {
    "activation": (
        replace("config.json", '"relu"', '"gelu"'),
        r"config\.json: model\.activation is not as in checkpoint 21, which is used instead: restore",
    ),
    "pooling": (replace("config.json", '"max"', '"average"'), r"config\.json: model\.pooling is not as in"),
    "seed": (replace("config.json", '"seed": 0', '"seed": 5'), r"config\.json: seed is not as in"),
    "split": (
        replace("config.json", '"split_seed": 0', '"split_seed": 3'),
        r"config\.json: data\.split_seed is not as in",
    ),
    "lost calibration": (
        lambda run, _: (run.path / "calibration.json").unlink(),
        r"calibration\.json is missing: probabilities are used uncalibrated: run `digitjax calibrate tiny`",
    ),
    "changed calibration": (
        replace("calibration.json", '"temperature": ', '"temperature": 1'),
        r"calibration\.json: its content is not what was written: run `digitjax calibrate",
    ),
    "cut log": (
        cut,
        r"metrics\.jsonl: it is not what was written: it is used as it is: restore it from a copy",
    ),
    "emptied log": (lambda run, _: run.metrics_file.write_text(""), r"metrics\.jsonl: it is not what was"),
    "lost log": (lambda run, _: run.metrics_file.unlink(), r"metrics\.jsonl: No such file"),
    "changed end": (
        replace("finished.json", '"step": 21', '"step": 9'),
        r"finished\.json: its content is not",
    ),
    "log of another run": (swap("metrics.jsonl"), r"metrics\.jsonl: it is not what was written"),
    "calibration of another run": (
        swap("calibration.json"),
        r"calibration\.json: it is that of another run: run `digitjax calibrate tiny` again",
    ),
    "environment of another run": (swap("environment.json"), r"environment\.json: it is that of another run"),
    "end of another run": (swap("finished.json"), r"finished\.json: it is that of another run"),
    "evaluation of another run": (
        swap("evaluation/test@21"),
        r"test@21/metrics\.json: it is that of another run: evaluate tiny again",
    ),
    "lost evaluation": (
        lambda run, _: (run.path / "evaluation/test@21/metrics.json").unlink(),
        r"test@21: its results are missing: evaluate tiny again",
    ),
    "scores of another run": (
        swap("evaluation/robustness-test@21"),
        r"robustness\.json: it is that of another run: evaluate tiny again",
    ),
    "predictions of another run": (
        swap("evaluation/test@21/predictions.npz"),
        r"test@21/predictions\.npz: it is not what was written: evaluate tiny again",
    ),
    "checkpoint of another run": (swap("checkpoints"), r"config\.json: seed is not as in checkpoint 21"),
    "config of another run": (swap("config.json"), r"config\.json: seed is not as in checkpoint 21"),
}
ONLY_VERIFIED = {"predictions of another run"}
"""What is checked where it is read, not whenever a run is listed."""


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_listed_told_where_a_run_is_used_and_verified(pair: tuple[Run, Run], name: str):
    damage, told = DAMAGES[name]
    run, _ = pair
    assert verify(run) == [] == integrity.find_problems(run)
    damage(*pair)
    assert any(re.search(told, problem) for problem in verify(run)), verify(run)
    if name in ONLY_VERIFIED:
        return
    assert re.search(told, summarize_run(run).problem)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        runs.find_run("tiny", run.path.parent)
    assert any(re.search(told, str(warning.message)) for warning in caught)


def test_a_run_whose_config_was_changed_is_that_of_its_checkpoints(pair: tuple[Run, Run]):
    run, _ = pair
    before = run.config
    replace("config.json", '"relu"', '"gelu"')(*pair)
    with pytest.warns(UserWarning, match=r"model\.activation is not as in checkpoint 21"):
        assert Run(run.path).config == before


def test_a_run_and_its_data_may_be_moved(pair: tuple[Run, Run]):
    run, _ = pair
    replace("config.json", '"name": "tiny"', '"name": "renamed"')(*pair)
    replace("config.json", '"manual_dir": null', '"manual_dir": "elsewhere"')(*pair)
    assert verify(run) == []
    assert Run(run.path).config.name == "renamed"


def test_a_run_of_an_earlier_version_is_not_suspected_and_its_cut_log_is_told(pair: tuple[Run, Run]):
    run, _ = pair
    for file in run.path.rglob("*.json"):
        content = json.loads(file.read_text())
        for field in ("sha256", "run_id", *["files"] * (file.name != "manifest.json")):
            content.pop(field, None)
        file.write_text(json.dumps(content))
    assert verify(run) == []
    run.metrics_file.write_text("")
    [problem] = integrity.find_problems(run)
    assert "metrics.jsonl: it ends at step 0, the training at 21" in problem


def test_an_older_checkpoint_of_another_run_is_named_and_not_used(pair: tuple[Run, Run]):
    run, other = pair
    foreign = run.checkpoints / "14"
    shutil.copytree(other.checkpoints / "21", foreign)
    manifest.write(foreign, 14, {"accuracy": 1.0}, integrity.find_run_id(other))
    assert any("14 is that of another run than step 21" in problem for problem in verify(run))
    with pytest.warns(UserWarning, match=r"14 is that of another run than step 21: using step 21: restore"):
        assert checkpoints.candidates(run.checkpoints, "best")[0].step == 21


def test_weights_of_another_run_are_told(pair: tuple[Run, Run]):
    run, other = pair
    shutil.copytree(other.checkpoints, run.weights)
    assert any("weights are those of another run, which --step 21 uses" in text for text in verify(run))


def test_changed_groups_and_ensembles_are_refused(tiny_group: Group, tmp_path: Path):
    group = Group(Path(shutil.copytree(tiny_group.path, tmp_path / "group")))
    ensemble = runs.create_ensemble("all", group.members(), tmp_path)
    replace("group.json", "1", "2")(group, group)
    replace("ensemble.json", "seed-1", "seed-0")(ensemble, ensemble)
    for entry, file in ((group, "group.json"), (ensemble, "ensemble.json")):
        [problem] = verify(entry)
        assert f"{file}: its content is not what was written" in problem
        assert problem == summarize(entry).problem
        with pytest.raises(InputError, match=problem):
            entry.members()


def test_changed_results_of_a_group_are_told(tiny_group: Group, tmp_path: Path):
    group = Group(Path(shutil.copytree(tiny_group.path, tmp_path / "group")))
    replace("evaluation/test@best/metrics.json", '"seconds"', '"second"')(group, group)
    [problem] = verify(group)
    assert problem.endswith(
        "test@best/metrics.json: its content is not what was written: evaluate group again"
    )
    assert problem in summarize(group).problem


def test_the_runs_of_a_group_are_verified(tiny_group: Group, tmp_path: Path):
    group = Group(Path(shutil.copytree(tiny_group.path, tmp_path / "group")))
    assert verify(group) == []
    (group.member(1).path / "calibration.json").unlink()
    [problem] = verify(group)
    assert "seed-1/calibration.json is missing" in problem
    assert len(group.members()) == 2  # which can be used all the same
    shutil.rmtree(group.member(0).path)
    assert "seed-0/config.json: No such file" in verify(group)[0]


def test_resuming_a_damaged_run_tells_it_first(pair: tuple[Run, Run]):
    run, _ = pair
    cut(*pair)
    with pytest.warns(UserWarning, match=r"metrics\.jsonl: it is not what was written"):
        train(run.config, run.path.parent, resume=True)


def test_the_pretrained_model_is_verified_and_damage_gives_code_1(
    pair: tuple[Run, Run], capsys: pytest.CaptureFixture[str]
):
    cli.main(["verify", "handwriting"])
    assert capsys.readouterr().out.endswith("handwriting: every file is as it was written\n")
    run, _ = pair
    arguments = ["verify", "tiny", "--runs", str(run.path.parent)]
    cli.main(arguments)
    (run.checkpoints / "21/manifest.json").write_text("")
    cut(*pair)
    with pytest.raises(SystemExit) as stop:
        cli.main([*arguments, "--json"])
    assert stop.value.code == 1
    problems = json.loads(capsys.readouterr().out.splitlines()[-1])["problems"]
    assert [text.split(":")[0].split("/")[-1] for text in problems] == ["metrics.jsonl", "manifest.json"]
