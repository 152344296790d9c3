"""Files and options of version 1 are read under their current names."""

import json

import pytest

from digitjax.config import Config, from_json, override, to_json
from digitjax.errors import InputError
from digitjax.migration import VERSION, migrate_arguments, migrate_artifact, migrate_config

OLD = {"name": "old", "data": {"nondigits": 0.2}, "augment": {"strokes": 0.5, "coarse": 0.1, "shift": 2}}


def test_a_config_of_version_1_has_the_same_values_under_new_names():
    config = from_json(json.dumps(OLD))
    assert (config.data.outliers, config.augment.glyph_variants, config.augment.low_res) == (0.2, 0.5, 0.1)
    assert config.augment.shift == 2


def test_a_config_has_its_version_and_refuses_old_names():
    written = json.loads(to_json(Config()))
    assert written["version"] == VERSION
    with pytest.raises(InputError, match=r"unknown field data\.nondigits"):
        from_json(json.dumps({**OLD, "version": VERSION}))


@pytest.mark.parametrize("version", [VERSION + 1, "2", None])
def test_a_config_of_a_later_version_is_refused(version: object):
    with pytest.raises(InputError, match=r"a/config\.json: version is .*: a later digitjax wrote it"):
        from_json(json.dumps({"version": version}), "a/config.json")


def test_migration_does_not_change_its_argument():
    before = json.dumps(OLD)
    migrate_config(OLD)
    assert json.dumps(OLD) == before


def test_files_of_an_evaluation_are_renamed_at_any_depth():
    old = {"views": "shifted", "nondigits": {"kinds": [{"kind": "blank", "pictures": 3}]}, "accuracy": 0.5}
    new = {"tta": "shifts", "outliers": {"kinds": [{"kind": "blank", "examples": 3}]}, "accuracy": 0.5}
    assert migrate_artifact(old) == new
    assert migrate_artifact(new) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["evaluate", "a", "--views", "shifted"], ["evaluate", "a", "--tta", "shifts"]),
        (["read", "--views=one", "a.png"], ["read", "--tta=none", "a.png"]),
        (["read", "one", "shifted"], ["read", "one", "shifted"]),
        (["--data.nondigits", "0.2"], ["--data.outliers", "0.2"]),
        (
            ["--augment.strokes=1", "--augment.coarse", "0"],
            ["--augment.glyph-variants=1", "--augment.low-res", "0"],
        ),
    ],
)
def test_old_options_are_renamed(old: list[str], new: list[str]):
    assert migrate_arguments(old) == new


def test_an_override_may_use_an_old_name():
    assert override(Config(), ["--data.nondigits", "0.2"]).data.outliers == 0.2
