"""Docstrings name every argument and what is returned; ruff checks their form, this checks that they are complete."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from digitjax.experiments import shipped_folder

ROOT = Path(__file__).parents[1]
FOLDERS = (
    ROOT / "digitjax",
    shipped_folder("dashboard"),
    shipped_folder("experiments"),
    ROOT / "docs" / "_generate",
    ROOT / "examples",
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions(body: list[ast.stmt]) -> Iterator[Function]:
    """Yield the public functions and methods, and the constructors and calls of public classes."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body)
        elif isinstance(node, Function) and (not node.name.startswith("_") or node.name == "__call__"):
            yield node


def missing_sections(function: Function) -> list[str]:
    """Return the sections that the docstring of a function lacks."""
    docstring = ast.get_docstring(function) or ""
    arguments = function.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    if len([name for name in names if name not in ("self", "cls")]) < 2:
        return []
    missing = [] if "Args:" in docstring else ["Args"]
    returns = function.returns
    returns_nothing = (
        returns is None
        or (isinstance(returns, ast.Constant) and returns.value is None)
        or (isinstance(returns, ast.Name) and returns.id in ("NoReturn", "Never"))
    )
    summary = docstring.partition("\n")[0]
    if not returns_nothing and not any(word in docstring for word in ("Returns:", "Yields:")):
        missing += [] if summary.startswith(("Return ", "Yield ", "Whether ")) else ["Returns"]
    return missing


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_public_functions_of_two_parameters_document_them(folder: Path):
    missing = [
        f"{path.relative_to(folder.parent)}:{function.lineno} {function.name} lacks {', '.join(sections)}"
        for path in sorted(folder.rglob("*.py"))
        for function in public_functions(ast.parse(path.read_text()).body)
        if (sections := missing_sections(function))
    ]
    assert not missing, "\n".join(missing)


def test_a_missing_section_is_found():
    code = """
def add(a, b) -> int:
    '''Add.'''

def sum(a, b) -> int:
    '''Return the sum.

    Args:
        a: the first number.
    '''
"""
    assert [missing_sections(f) for f in public_functions(ast.parse(code).body)] == [["Args", "Returns"], []]
