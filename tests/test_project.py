"""What must agree between files of the project: the test command, the version, the linters."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import digitjax
from digitjax.cli.parser import make_parser

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


def test_the_address_of_the_documentation_is_one():
    address = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Documentation"]
    assert f"\nsite_url: {address}\n" in (ROOT / "mkdocs.yml").read_text()
    assert make_parser().epilog == f"documentation: {address}"


def test_a_release_has_what_was_checked():
    workflow = (ROOT / ".github/workflows/release.yml").read_text()
    for step in ("python -m build", "twine check --strict dist/*", "id-token: write", "--to web"):
        assert step in workflow


def test_commits_are_checked_by_the_linters_of_ci():
    hooks, ci = ((ROOT / name).read_text() for name in (".pre-commit-config.yaml", ".ci/run"))
    for tool in ("ruff check", "ruff format", "mypy", "lint-imports"):
        assert f"entry: {tool}" in hooks
        assert f".venv-test/bin/{tool}" in ci


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("echo No known vulnerabilities found", 0),
        ("echo Found 1 known vulnerability in 1 package; exit 1", 1),
        ("echo 'zipp  Dependency not found on PyPI and could not be audited: zipp (4.1.2)'", 2),
        ("echo 'ConnectionError: no network'; exit 1", 2),
        ("[ $2 = osv ] || exit 1; echo No known vulnerabilities found", 0),
    ],
)
def test_an_audit_without_an_answer_is_not_green(tmp_path: Path, answer: str, code: int):
    fake = tmp_path / "pip-audit"
    fake.write_text(f"#!/bin/sh\n{answer}\n")
    fake.chmod(0o755)
    result = subprocess.run(
        [ROOT / ".ci/audit"], env={**os.environ, "PIP_AUDIT": str(fake)}, capture_output=True
    )
    assert result.returncode == code, result.stdout


def test_the_audit_that_must_have_an_answer_is_scheduled():
    workflow = (ROOT / ".github/workflows/audit.yml").read_text()
    assert "schedule:" in workflow
    assert "run: .ci/audit #" in workflow


def test_the_image_runs_as_a_user_without_build_tools():
    build, final = (ROOT / "Dockerfile").read_text().split("\nFROM python:3.11-slim\n")
    assert "pip --python" in build
    assert "pip uninstall" in final
    for line in ("USER 1000", "HEALTHCHECK", 'VOLUME ["/home/reader/runs", "/home/reader/.cache"]'):
        assert f"\n{line}" in final
