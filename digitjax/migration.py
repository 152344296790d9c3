"""Migrates files of earlier versions, and the options of their command line, to the names of this version.

Version 1 of `config.json` is that of digitjax 0.1, which wrote no version. Files of an evaluation have no version:
none of their old names has another meaning now.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from digitjax.errors import InputError

VERSION = 2
"""Version of `config.json`: increase it when a field is renamed or removed, and migrate the version before below."""

_CONFIG_FIELDS = {
    "data": {"nondigits": "outliers"},
    "augment": {"strokes": "glyph_variants", "coarse": "low_res"},
}
"""Fields of each section that version 2 renamed."""
_ARTIFACT_FIELDS = {
    "nondigits": "outliers",
    "pictures": "examples",
    "reject_below": "reject_threshold",
    "reject_coarse_below": "low_res_reject_threshold",
    "views": "tta",
}
"""Renamed fields of `calibration.json`, `group.json` and the files of an evaluation."""
_TTA = {"one": "none", "shifted": "shifts"}
_OPTIONS = {
    "--augment.coarse": "--augment.low-res",
    "--augment.strokes": "--augment.glyph-variants",
    "--data.nondigits": "--data.outliers",
    "--views": "--tta",
}


def migrate_config(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a `config.json` of any version under their current names, without `version`.

    Raises:
        InputError: a later version of digitjax wrote it.
    """
    fields = dict(tree)
    version = fields.pop("version", 1)
    if not isinstance(version, int) or version > VERSION:
        raise InputError(f"version is {version!r}: a later digitjax wrote it, which is needed to read it")
    if version == 1:
        for section, names in _CONFIG_FIELDS.items():
            if isinstance(fields.get(section), Mapping):
                fields[section] = {names.get(name, name): value for name, value in fields[section].items()}
    return fields


def migrate_artifact(content: Any) -> Any:
    """Return the content of a JSON file of an evaluation or a calibration under its current names, at any depth."""
    if isinstance(content, Mapping):
        renamed = {_ARTIFACT_FIELDS.get(name, name): migrate_artifact(part) for name, part in content.items()}
        if isinstance(renamed.get("tta"), str):
            renamed["tta"] = migrate_tta(renamed["tta"])
        return renamed
    return [migrate_artifact(part) for part in content] if isinstance(content, list) else content


def migrate_tta(name: str) -> str:
    """Return the current name of a kind of test-time augmentation."""
    return _TTA.get(name, name)


def old_evaluation_folder(name: str) -> str:
    """Return the name that version 1 gave to the folder of an evaluation."""
    return name.replace("+shifts", "+shifted")


def migrate_arguments(arguments: Sequence[str]) -> list[str]:
    """Return command-line arguments with the current spellings instead of those of version 1."""
    migrated: list[str] = []
    for argument in arguments:
        option, equals, value = argument.partition("=")
        option = _OPTIONS.get(option.replace("_", "-"), option)
        if option == "--tta":
            value = migrate_tta(value)
        elif not equals and migrated[-1:] == ["--tta"]:
            option = migrate_tta(option)
        migrated.append(option + equals + value)
    return migrated
