"""The library and the dashboard never unpickle or evaluate what they read."""

import ast
from pathlib import Path

import pytest

import digitjax
from digitjax.experiments import shipped_folder

UNSAFE = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
FOLDERS = (Path(digitjax.__file__).parent, shipped_folder("dashboard"))
FILES = [file for folder in FOLDERS for file in sorted(folder.rglob("*.py"))]


def imported_packages(tree: ast.AST) -> set[str]:
    """Return the packages that a module imports anywhere."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


def test_no_file_unpickles_or_evaluates():
    assert len(FILES) > 100
    for file in FILES:
        unsafe = find_unsafe(ast.parse(file.read_text()))
        assert not unsafe, (file, unsafe)


def find_unsafe(tree: ast.AST) -> list[str]:
    """Return the unsafe imports, calls and arguments of a module."""
    found = sorted(imported_packages(tree) & UNSAFE)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found += [name for name in ("eval", "exec", "torch.load") if ast.unparse(node.func) == name]
            allowed = [word.value for word in node.keywords if word.arg == "allow_pickle"]
            found += ["allow_pickle" for value in allowed if ast.unparse(value) != "False"]
    return found


@pytest.mark.parametrize(
    "code", ["import pickle", "def f():\n from joblib import load", "eval('1')", "np.load(f, allow_pickle=x)"]
)
def test_unsafe_code_is_found(code: str):
    assert find_unsafe(ast.parse(code))
