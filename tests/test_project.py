"""What must agree between files of the project: the test command, the version, the linters."""

import re
import tomllib
from pathlib import Path

import digitjax

ROOT = Path(__file__).parents[1]


def test_ci_runs_the_test_command_of_the_readme():
    readme, ci = ((ROOT / name).read_text() for name in ("README.md", ".ci/run"))
    commands = re.findall(r"^python3 -m venv .*pytest$", readme, re.MULTILINE)
    assert len(commands) == 1
    assert commands[0] in ci.splitlines()


def test_the_version_is_written_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "digitjax/__init__.py"
    assert f"\nversion: {digitjax.__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_the_changelog_has_a_section_of_the_version():
    assert f"\n## [{digitjax.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_commits_are_checked_by_the_linters_of_ci():
    hooks, ci = ((ROOT / name).read_text() for name in (".pre-commit-config.yaml", ".ci/run"))
    for tool in ("ruff check", "ruff format", "mypy", "lint-imports"):
        assert f"entry: {tool}" in hooks
        assert f".venv-test/bin/{tool}" in ci
