"""Finding experiments, and the experiments that come with digitjax."""

from pathlib import Path

import pytest

from digitjax import experiments
from digitjax.config import Config, to_json
from digitjax.errors import InputError


@pytest.mark.parametrize("name", experiments.names())
def test_every_shipped_experiment_is_valid_short_and_documented(name: str):
    assert isinstance(experiments.load(name), Config)
    source = (experiments.shipped_folder("experiments") / f"{name}.py").read_text()
    assert len(source.splitlines()) < 40
    assert source.startswith('"""')


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
def test_a_bad_experiment_says_why(tmp_path: Path, source: str, reason: str):
    path = tmp_path / "bad.py"
    path.write_text(source)
    with pytest.raises(InputError, match=reason) as error:
        experiments.load(str(path))
    assert "bad.py" in str(error.value)


@pytest.mark.parametrize("name", ["nowhere", "nowhere.py", "../digits", "_hidden"])
def test_an_unknown_experiment_says_so(name: str):
    with pytest.raises(InputError, match=f"no experiment '?{name}"):
        experiments.load(name)
