"""ONNX: every network has the same outputs in onnxruntime."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
import pytest

from digitjax.config import (
    AutoencoderConfig,
    CNNConfig,
    DeepCNNConfig,
    FastCNNConfig,
    LeNet5Config,
    MLPConfig,
    Model,
    ResNetConfig,
    TinyCNNConfig,
    VAEConfig,
    from_json,
    options,
)
from digitjax.data.normalize import normalize
from digitjax.errors import InputError
from digitjax.model import reconstructor
from digitjax.model.export import program, to_onnx
from digitjax.model.network import Network, Weights
from digitjax.model.predictor import Predictor
from digitjax.runs import Run

pytestmark = pytest.mark.slow  # each network is traced and compiled

SMALL = CNNConfig(channels=(4, 4), dense=(16,))
NETWORKS = [
    SMALL,
    CNNConfig(channels=(4, 4, 4, 4), convolutions=2, dense=()),  # sides of 28, 14, 7, 3 and 1
    replace(SMALL, normalization="layer", activation="gelu", global_pooling=True),
    replace(SMALL, normalization="group", groups=2, activation="elu", pooling="stride"),
    replace(SMALL, normalization="none", activation="leaky_relu", pooling="average"),
    replace(SMALL, kernel_size=5, activation="silu"),
    DeepCNNConfig(kernel_size=7, width=0.1),
    FastCNNConfig(channels=(4, 4, 4)),
    LeNet5Config(),
    MLPConfig(),
    ResNetConfig(channels=(4, 4), blocks=1),
    ResNetConfig(channels=(4, 4), blocks=1, pooling="stride"),
    TinyCNNConfig(channels=(4, 4, 4)),
    AutoencoderConfig(channels=(4, 8)),
    VAEConfig(channels=(4, 8)),
]


def run_onnx(content: bytes, images: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    [outputs] = session.run(None, {"images": images})
    return outputs


def random_weights(network: Network) -> Weights:
    """Return weights in which no scale is 1 and no shift is 0, unlike initial ones."""
    generator = np.random.default_rng(0)

    def perturb(array: jax.Array) -> jax.Array:
        return array + jnp.asarray(generator.uniform(0, 0.1, array.shape), array.dtype)

    return jax.tree.map(perturb, network.init(jax.random.key(0)))


def translate(function: Callable[[Any], Any], output: str) -> onnx.ModelProto:
    return to_onnx.translate(function, {"images": program.abstract_images()}, [output])


def test_every_network_is_tested_here():
    assert {type(model) for model in NETWORKS} == set(options(Model))


@pytest.mark.parametrize("model", NETWORKS, ids=lambda model: model.kind)
def test_outputs_are_those_of_jax_for_any_number_of_images(model: Any, images: np.ndarray):
    network = Network(model)
    weights = random_weights(network)
    outputs = Predictor(network)(weights, images)
    content = translate(lambda images: network(weights, normalize(images))[0], "outputs").SerializeToString()
    for n in (1, 5):
        tolerance = 1e-5 * max(1, np.abs(outputs).max())
        np.testing.assert_allclose(run_onnx(content, images[:n]), outputs[:n], rtol=0, atol=tolerance)


def test_probabilities_are_calibrated(
    calibrated_run: Run, images: np.ndarray, probabilities: np.ndarray, tmp_path: Path
):
    to_onnx.write(calibrated_run, tmp_path / "able.onnx")
    result = run_onnx((tmp_path / "able.onnx").read_bytes(), images)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, probabilities, atol=5e-6)


def test_an_autoencoder_is_exported_as_its_reconstruction(tiny_vae: Run, images: np.ndarray, tmp_path: Path):
    to_onnx.write(tiny_vae, tmp_path / "vae.onnx")
    reconstructions = run_onnx((tmp_path / "vae.onnx").read_bytes(), images)
    autoencoder, _ = reconstructor.load(tiny_vae)
    np.testing.assert_allclose(
        255 * reconstructions, autoencoder.decode(autoencoder.encode(images)), atol=0.51
    )


def test_the_model_has_config_step_and_shapes(calibrated_run: Run, tmp_path: Path):
    to_onnx.write(calibrated_run, tmp_path / "able.onnx")
    model = onnx.load(tmp_path / "able.onnx")
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert from_json(metadata["config"].encode(), "metadata") == calibrated_run.config
    assert int(metadata["step"]) > 0
    shapes = [
        (value.name, [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim])
        for value in (*model.graph.input, *model.graph.output)
    ]
    assert shapes == [("images", ["n", 28, 28]), ("probabilities", ["n", 10])]


def test_the_graph_has_fast_operators_alone(calibrated_run: Run, tmp_path: Path):
    to_onnx.write(calibrated_run, tmp_path / "able.onnx")
    nodes = Counter(node.op_type for node in onnx.load(tmp_path / "able.onnx").graph.node)
    assert (nodes["Conv"], nodes["MaxPool"], nodes["Relu"], nodes["MatMul"]) == (2, 2, 3, 2)
    assert not nodes.keys() & {"Slice", "Expand", "Sqrt"}  # constants are folded


def test_normalization_is_part_of_the_convolution_before_it():
    network = Network(TinyCNNConfig(channels=(2, 2, 2)))
    weights = random_weights(network)
    model = translate(lambda images: network(weights, normalize(images))[0], "outputs")
    nodes = Counter(node.op_type for node in model.graph.node)
    assert nodes["Conv"] == 5
    assert nodes["Sub"] == 2  # two layers pool in between


def test_pixels_are_scaled_by_the_first_convolution_and_features_flattened_as_they_are():
    network = Network(SMALL)
    weights = random_weights(network)
    model = translate(lambda images: network(weights, normalize(images))[0], "outputs")
    operators = [node.op_type for node in model.graph.node]
    assert operators[: operators.index("Conv")] == ["Cast", "Add", "Reshape", "Transpose"]
    assert operators[operators.index("Reshape", 5) - 1] == "MaxPool"


@pytest.mark.parametrize(
    "function",
    [jnp.cumsum, lambda x: jnp.einsum("nij,nkj->ni", x, x), lambda x: jnp.zeros_like(x).sum(axis=1)],
)
def test_a_primitive_without_translation_is_refused(function: Callable[[Any], Any]):
    with pytest.raises(
        InputError, match=r"ONNX: there is no translation of .*: add it to onnx_operators\.py"
    ):
        translate(lambda images: function(images.astype(jnp.float32)), "outputs")


def test_only_a_maximum_with_zero_is_a_relu(images: np.ndarray):
    content = translate(lambda images: jnp.maximum(normalize(images), 1.5), "raised").SerializeToString()
    np.testing.assert_allclose(run_onnx(content, images), jnp.maximum(normalize(images), 1.5), rtol=1e-6)


def test_broadcast_arrays_are_expanded_where_operators_need_it(images: np.ndarray):
    def function(images: Any) -> jax.Array:
        rows = jnp.broadcast_to(images.astype(jnp.float32).max(axis=1, keepdims=True), images.shape)
        return jnp.exp(rows / -255).sum(axis=(1, 2))

    content = translate(function, "sums").SerializeToString()
    np.testing.assert_allclose(run_onnx(content, images), function(images), rtol=1e-5)
