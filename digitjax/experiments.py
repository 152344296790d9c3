"""Finds and loads experiments, and the folders that are shipped beside the library."""

import importlib.util
from pathlib import Path
from typing import TypeVar

from digitjax.config import Config, Sweep, from_json, validate, validate_sweep
from digitjax.errors import InputError

_SCRIPTS = ("ink_net", "visualize", "write_reference_errors")
"""Modules in the folder of the experiments that are scripts."""

T = TypeVar("T", Config, Sweep)


def shipped_folder(name: str) -> Path:
    """Return the path of `experiments` or `dashboard`, or of a folder in them: in the wheel, or beside the library."""
    package = Path(__file__).parent
    installed = package / f"_{name}"
    return installed if installed.is_dir() else package.parent / name


def names(folder: str = "experiments") -> list[str]:
    """Return the sorted names of the experiments, or of `experiments/sweeps`, that come with digitjax."""
    modules = {path.stem for path in shipped_folder(folder).glob("*.py")}
    return sorted(name for name in modules.difference(_SCRIPTS) if not name.startswith("_"))


def load(name_or_path: str) -> Config:
    """Return the validated config of an experiment.

    Args:
        name_or_path: a name such as `mnist`, the path of a Python module with a `config`, or the path
            of a config in JSON, such as `config.json` of a run. `NAME:VARIABLE` names another variable of a module.

    Raises:
        InputError: there is no such experiment, it cannot be read, or its config is invalid.
    """
    path, variable = _locate(name_or_path, "experiments", (".py", ".json"))
    if path.suffix == ".json":
        return from_json(path.read_bytes(), name_or_path)
    return validate(_execute(path, variable or "config", Config), name_or_path)


def load_sweep(name_or_path: str) -> Sweep:
    """Return a validated sweep.

    Args:
        name_or_path: a name from `experiments/sweeps` such as `cnn`, or the path of a Python module with a
            `sweep`. `NAME:VARIABLE` names another variable of a module.

    Raises:
        InputError: there is no such sweep, or it cannot be run.
    """
    path, variable = _locate(name_or_path, "experiments/sweeps", (".py",))
    return validate_sweep(_execute(path, variable or "sweep", Sweep))


def _locate(name_or_path: str, folder: str, suffixes: tuple[str, ...]) -> tuple[Path, str]:
    """Return the file of an experiment or a sweep, and the variable if one is named."""
    name, _, variable = name_or_path.partition(":")
    kind = Path(folder).name.removesuffix("s")
    path = Path(name)
    if path.suffix not in suffixes:
        path = shipped_folder(folder) / f"{name}.py"
        if name not in names(folder):
            raise InputError(
                f"no {kind} {name!r}: name one of {', '.join(names(folder))}, "
                f"or the path of a {' or '.join(suffixes)} file"
            )
    if not path.is_file():
        raise InputError(f"no {kind} {name}: there is no such file")
    return path, variable


def _execute(path: Path, variable: str, kind: type[T]) -> T:
    """Execute an experiment module, which is code that its user trusts, and return one of its variables."""
    spec = importlib.util.spec_from_file_location(f"digitjax_experiment_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise InputError(f"{path}: it fails with {type(error).__name__}: {error}") from error
    value = getattr(module, variable, None)
    if not isinstance(value, kind):
        raise InputError(f"{path}: it must define `{variable}`, a digitjax.config.{kind.__name__}")
    return value
