"""Runs are renamed, deleted and restored whole, and only where nothing else needs them."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from digitjax import runs
from digitjax.config import Config
from digitjax.errors import InputError
from digitjax.evaluation.verify import verify
from digitjax.runs import Ensemble, Run, annotations, manage
from digitjax.runs.folders import training_lock
from digitjax.runs.run import PRETRAINED_FOLDER


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two runs that were never trained, and a group."""
    for name in ("a", "b"):
        runs.create_run(Config(name=name), tmp_path)
    group = runs.create_group("group", [0, 1], tmp_path)
    for name in ("seed-0", "seed-1"):
        runs.create_run(Config(name=name), group.path)
    return tmp_path


def test_a_renamed_run_is_verified_and_keeps_its_date_and_its_ensembles(tiny_run: Run, tmp_path: Path):
    first, second = (Run(shutil.copytree(tiny_run.path, tmp_path / name)) for name in ("first", "second"))
    os.utime(first.path / "config.json", (1e9, 1e9))
    ensemble = runs.create_ensemble("both", [first, second], tmp_path)
    renamed = manage.rename(first, "best")
    assert renamed == Run(tmp_path / "best")
    assert names(tmp_path) == ["best", "both", "second"]
    assert Run(renamed.path).config.name == "best"
    assert renamed.created == 1e9
    assert ensemble.member_paths() == ["best", "second"]
    assert verify(renamed) == verify(ensemble) == []


def test_a_renamed_group_is_still_that_of_an_ensemble(folder: Path):
    members = [Run(folder / "group" / "seed-0"), Run(folder / "a")]
    runs.create_ensemble("both", members, folder)
    manage.rename(runs.find_entry("group", folder), "seeds")
    ensemble = manage.rename(Ensemble(folder / "both"), "pair")
    assert isinstance(ensemble, Ensemble)
    assert ensemble.member_paths() == ["seeds/seed-0", "a"]
    assert names(folder) == ["a", "b", "pair", "seeds"]


def test_what_is_deleted_can_be_restored(folder: Path):
    run = Run(folder / "a")
    annotations.write(run.path, annotations.create(["old"]))
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    manage.delete(run)
    assert {entry.name for entry in runs.list_entries(folder)} == {"b", "group"}
    runs.create_run(Config(name="a", seed=1), folder)
    manage.delete(run)
    assert [entry.name for entry in manage.list_deleted(folder)] == ["a", "a"]
    assert manage.restore(manage.find_deleted("a", folder)) == run
    assert Run(run.path).config.seed == 1  # the one that was deleted last
    with pytest.raises(InputError, match="a exists"):
        manage.restore(manage.find_deleted("a", folder))
    manage.rename(run, "newer")
    manage.restore(manage.find_deleted("a", folder))
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before
    assert names(folder) == ["a", "b", "group", "newer"]
    with pytest.raises(InputError, match="no deleted run 'a'"):
        manage.find_deleted("a", folder)


def test_a_damaged_run_can_be_deleted_and_is_not_renamed(folder: Path):
    (folder / "a" / "config.json").write_text("{")
    with pytest.raises(InputError, match=r"config\.json"):
        manage.rename(Run(folder / "a"), "c")
    manage.delete(Run(folder / "a"))
    assert names(folder) == [".trash", "b", "group"]


@pytest.mark.parametrize(
    ("name", "new", "reason"),
    [
        ("a", "b", "b exists: choose another name"),
        ("a", "../c", "it may have letters"),
        ("a", "", "name is ''"),
    ],
)
def test_names_that_are_taken_or_none_are_refused(folder: Path, name: str, new: str, reason: str):
    with pytest.raises(InputError, match=reason):
        manage.rename(Run(folder / name), new)
    assert names(folder) == ["a", "b", "group"]


@pytest.mark.parametrize("change", [lambda entry: manage.rename(entry, "c"), manage.delete])
@pytest.mark.parametrize("locked", ["a", "group", "group/seed-1"])
def test_a_run_in_training_stays(folder: Path, change: Callable[[runs.RunEntry], object], locked: str):
    with training_lock(folder / locked), pytest.raises(InputError, match=r"in training|is being trained"):
        change(runs.find_entry(locked.split("/")[0], folder))
    assert names(folder) == ["a", "b", "group"]


def test_what_others_need_is_refused(folder: Path):
    runs.create_ensemble("both", [Run(folder / "group" / "seed-0"), Run(folder / "a")], folder)
    (folder / "link").symlink_to(folder / "b")
    for entry, reason in (
        (Run(folder / "a"), "a member of the ensemble both: delete that first"),
        (runs.find_entry("group", folder), "a member of the ensemble both"),
        (Run(folder / "group" / "seed-0"), "part of the group group"),
        (Run(folder / "link"), "is a symbolic link"),
        (Run(PRETRAINED_FOLDER / "handwriting"), "a pretrained model"),
    ):
        with pytest.raises(InputError, match=reason):
            manage.delete(entry)
    manage.delete(Ensemble(folder / "both"))
    manage.delete(Run(folder / "a"))


def test_where_the_folder_cannot_be_moved_nothing_has_changed(folder: Path, monkeypatch: pytest.MonkeyPatch):
    runs.create_ensemble("both", [Run(folder / "a"), Run(folder / "b")], folder)
    before = {path: path.read_bytes() for path in folder.rglob("*.json")}

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        with pytest.raises(InputError, match="a: Permission denied"):
            manage.rename(Run(folder / "a"), "c")
    assert {path: path.read_bytes() for path in folder.rglob("*.json")} == before
