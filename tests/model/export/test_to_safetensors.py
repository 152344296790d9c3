"""safetensors: the weights are loaded bit for bit, with all that is needed to use them."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest
import safetensors.numpy
from safetensors import safe_open

from digitjax.config import from_json
from digitjax.errors import InputError
from digitjax.model import classifier
from digitjax.model.export import to_safetensors
from digitjax.model.network import Network, load_weights
from digitjax.model.predictor import Predictor
from digitjax.runs import Run
from tests.model.export.conftest import TEMPERATURE


@pytest.fixture
def file(calibrated_run: Run, tmp_path: Path) -> Path:
    to_safetensors.write(calibrated_run, tmp_path / "able.safetensors")
    return tmp_path / "able.safetensors"


def test_logits_of_the_loaded_weights_are_the_same_bit_for_bit(
    file: Path, calibrated_run: Run, images: np.ndarray
):
    config, weights = to_safetensors.load(file)
    classify, _ = classifier.load([calibrated_run])
    np.testing.assert_array_equal(Predictor(Network(config.model))(weights, images), classify(images))


def test_tensors_have_the_names_of_the_parameters(file: Path, calibrated_run: Run):
    tensors = safetensors.numpy.load_file(file)
    _, weights = load_weights(calibrated_run, Network(calibrated_run.config.model))
    assert len(tensors) == len(jax.tree.leaves(weights))
    np.testing.assert_array_equal(tensors["params.head.kernel"], weights.params["head"]["kernel"][...])
    np.testing.assert_array_equal(
        tensors["stats.blocks.1.norm.var"], weights.stats["blocks"][1]["norm"]["var"][...]
    )


def test_the_metadata_have_config_calibration_and_step(file: Path, calibrated_run: Run):
    with safe_open(file, "numpy") as file_:
        metadata = file_.metadata()
    assert from_json(metadata["config"].encode(), "metadata") == calibrated_run.config
    assert json.loads(metadata["calibration"])["temperature"] == TEMPERATURE
    assert json.loads(metadata["calibration"])["step"] == int(metadata["step"]) > 0


def test_a_file_that_is_not_an_export_is_refused(file: Path, tmp_path: Path):
    tensors = safetensors.numpy.load_file(file)
    with safe_open(file, "numpy") as file_:
        metadata = file_.metadata()
    path = tmp_path / "bad.safetensors"
    contents = {
        "absent": None,
        "damaged": file.read_bytes()[:-1],
        "no config": safetensors.numpy.save(tensors),
        "no head": safetensors.numpy.save(
            {name: array for name, array in tensors.items() if "head" not in name}, metadata
        ),
    }
    for content in contents.values():
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(
            InputError, match=r"bad\.safetensors: it holds no weights of a run .*export them again"
        ):
            to_safetensors.load(path)
