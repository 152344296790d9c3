"""Finding experiments, and the experiments that come with digitjax."""

from pathlib import Path

import pytest

from digitjax import experiments
from digitjax.config import Config, Sweep, to_json
from digitjax.errors import InputError


@pytest.mark.parametrize("name", experiments.names())
def test_every_shipped_experiment_is_valid_short_and_documented(name: str):
    assert isinstance(experiments.load(name), Config)
    source = (experiments.shipped_folder("experiments") / f"{name}.py").read_text()
    assert len(source.splitlines()) < 40
    assert source.startswith('"""')


@pytest.mark.parametrize("name", experiments.names("experiments/sweeps"))
def test_every_shipped_sweep_is_valid_short_and_documented(name: str):
    assert isinstance(experiments.load_sweep(name), Sweep)
    source = (experiments.shipped_folder("experiments/sweeps") / f"{name}.py").read_text()
    assert len(source.splitlines()) < 40
    assert source.startswith('"""')
    assert f"digitjax sweep {name}" in source


def test_a_sweep_is_found_by_name_or_path(tmp_path: Path):
    path = experiments.shipped_folder("experiments/sweeps") / "cnn.py"
    assert experiments.load_sweep("cnn") == experiments.load_sweep(f"{path}:sweep")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere", "no sweep 'nowhere': name one of cnn, fast_cnn, or the path of a .py file"),
        ("nowhere.py", r"no sweep nowhere\.py: there is no such file"),
        ("mnist", "no sweep 'mnist'"),
        ("cnn:config", "it must define `config`, a digitjax.config.Sweep"),
    ],
)
def test_an_unknown_sweep_is_refused(name: str, reason: str):
    with pytest.raises(InputError, match=reason):
        experiments.load_sweep(name)


def test_an_experiment_is_found_by_name_path_or_json(tmp_path: Path):
    by_name = experiments.load("digits")
    by_path = experiments.load(str(experiments.shipped_folder("experiments") / "digits.py"))
    (tmp_path / "config.json").write_text(to_json(by_name))
    assert by_name == by_path == experiments.load(str(tmp_path / "config.json"))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("config = 1", "must define `config`"),
        ("import nowhere", "ModuleNotFoundError"),
        ("def", "SyntaxError"),
        (
            "from digitjax.config import *; config = Config(seed=-1)",
            "seed: input should be greater than or equal to 0",
        ),
    ],
)
def test_an_invalid_experiment_is_refused_with_the_reason(tmp_path: Path, source: str, reason: str):
    path = tmp_path / "bad.py"
    path.write_text(source)
    with pytest.raises(InputError, match=reason) as error:
        experiments.load(str(path))
    assert "bad.py" in str(error.value)


@pytest.mark.parametrize("name", ["nowhere", "nowhere.py", "../digits", "_hidden"])
def test_an_unknown_experiment_is_refused(name: str):
    with pytest.raises(InputError, match=f"no experiment '?{name}"):
        experiments.load(name)
