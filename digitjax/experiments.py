"""Finding what travels beside the library: the experiments and the dashboard."""

import importlib.util
from pathlib import Path
from typing import TypeVar

from digitjax.config import Config, Sweep, from_json, validate, validate_sweep
from digitjax.errors import InputError

_SCRIPTS = ("ray_read", "visualize", "write_reference_errors")  # lie among the experiments, and are none

T = TypeVar("T", Config, Sweep)


def shipped_folder(name: str) -> Path:
    """Return `experiments` or `dashboard`, or a folder in them: in the wheel, or beside the library."""
    package = Path(__file__).parent
    installed = package / f"_{name}"
    return installed if installed.is_dir() else package.parent / name


def names(folder: str = "experiments") -> list[str]:
    """Return the names of the experiments, or `experiments/sweeps`, that come with digitjax."""
    modules = {path.stem for path in shipped_folder(folder).glob("*.py")}
    return sorted(name for name in modules.difference(_SCRIPTS) if not name.startswith("_"))


def load(name_or_path: str) -> Config:
    """Return the config of an experiment.

    Args:
        name_or_path: a name such as `mnist`, the path of a Python module with a `config`, or the path
            of a config in JSON, such as a run's own `config.json`. A module that defines several configs
            is asked for another by `NAME:VARIABLE`.

    Raises:
        InputError: there is no such experiment, it cannot be read, or its config is invalid.
    """
    path, variable = _locate(name_or_path, "experiments", (".py", ".json"))
    if path.suffix == ".json":
        return from_json(path.read_bytes(), name_or_path)
    return validate(_execute(path, variable or "config", Config), name_or_path)


def load_sweep(name_or_path: str) -> Sweep:
    """Return a sweep.

    Args:
        name_or_path: a name from `experiments/sweeps` such as `cnn`, or the path of a Python module with a
            `sweep`; another variable of it is asked for by `NAME:VARIABLE`.

    Raises:
        InputError: there is no such sweep, or it cannot be run.
    """
    path, variable = _locate(name_or_path, "experiments/sweeps", (".py",))
    return validate_sweep(_execute(path, variable or "sweep", Sweep))


def _locate(name_or_path: str, folder: str, suffixes: tuple[str, ...]) -> tuple[Path, str]:
    """Return the file that is meant, and the variable if one is named."""
    place, _, variable = name_or_path.partition(":")
    kind = Path(folder).name.removesuffix("s")
    path = Path(place)
    if path.suffix not in suffixes:
        path = shipped_folder(folder) / f"{place}.py"
        if place not in names(folder):
            raise InputError(
                f"no {kind} {place!r}: name one of {', '.join(names(folder))}, "
                f"or the path of a {' or '.join(suffixes)} file"
            )
    if not path.is_file():
        raise InputError(f"no {kind} {place}: there is no such file")
    return path, variable


def _execute(path: Path, variable: str, kind: type[T]) -> T:
    """Run an experiment module, which is code that its user trusts, and return one of its variables."""
    spec = importlib.util.spec_from_file_location(f"digitjax_experiment_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise InputError(f"{path}: it stops with {type(error).__name__}: {error}") from error
    value = getattr(module, variable, None)
    if not isinstance(value, kind):
        raise InputError(f"{path}: it must define `{variable}`, a digitjax.config.{kind.__name__}")
    return value
