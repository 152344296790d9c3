"""Finding what travels beside the library: the experiments and the dashboard."""

import importlib.util
from pathlib import Path

from digitjax.config import Config, from_json, validate
from digitjax.errors import InputError


def shipped_folder(name: str) -> Path:
    """Return the folder `experiments` or `dashboard`: in the wheel, or beside the library in a checkout."""
    package = Path(__file__).parent
    installed = package / f"_{name}"
    return installed if installed.is_dir() else package.parent / name


def names() -> list[str]:
    """Return the names of the experiments that come with digitjax."""
    return sorted(p.stem for p in shipped_folder("experiments").glob("*.py") if not p.stem.startswith("_"))


def load(name_or_path: str) -> Config:
    """Return the config of an experiment.

    Args:
        name_or_path: a name such as `mnist`, the path of a Python module with a `config`, or the path
            of a config in JSON, such as a run's own `config.json`. A module that defines several configs
            is asked for another by `NAME:VARIABLE`.

    Raises:
        InputError: there is no such experiment, it cannot be read, or its config is invalid.
    """
    place, _, variable = name_or_path.partition(":")
    path = Path(place)
    if path.suffix not in (".py", ".json"):
        path = shipped_folder("experiments") / f"{place}.py"
        if place not in names():
            raise InputError(
                f"no experiment {place!r}: name one of {', '.join(names())}, or the path of a .py or .json file"
            )
    if not path.is_file():
        raise InputError(f"no experiment {place}: there is no such file")
    if path.suffix == ".json":
        return from_json(path.read_bytes(), name_or_path)
    return validate(_execute(path, variable or "config"), name_or_path)


def _execute(path: Path, variable: str) -> Config:
    """Run an experiment module, which is code that its user trusts, and return one of its configs."""
    spec = importlib.util.spec_from_file_location(f"digitjax_experiment_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise InputError(f"{path}: it stops with {type(error).__name__}: {error}") from error
    config = getattr(module, variable, None)
    if not isinstance(config, Config):
        raise InputError(f"{path}: it must define `{variable}`, a digitjax.config.Config")
    return config
