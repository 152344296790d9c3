"""The network that finds strokes: its shapes, its weights on disk, and its looks at pictures of any size."""

import shutil
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st

from digitjax.errors import InputError
from digitjax.imaging.local_contrast import CHANNELS, VOTE_UNIT
from digitjax.model import array_file, ink_model
from digitjax.model.architectures.ink_net import InkNet, InkNetConfig, depth_to_space, space_to_depth
from digitjax.model.ink_model import InkModel
from digitjax.model.network import Weights
from digitjax.model.onnx_model import OnnxModel
from digitjax.runs.files import read_json


@pytest.fixture(scope="module")
def model() -> InkModel:
    return ink_model.load()


def test_the_network_keeps_the_resolution_and_is_small():
    net = nnx.eval_shape(lambda: InkNet(InkNetConfig(), nnx.Rngs(0)))
    output = nnx.eval_shape(lambda net, inputs: net(inputs), net, jnp.zeros((2, 32, 48, 5)))
    assert output.logits.shape == (2, 32, 48)
    assert output.votes.shape == (2, 16, 24, 3)
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(net, nnx.Param))) < 120_000


def test_depth_to_space_undoes_space_to_depth():
    images = jnp.arange(2 * 6 * 8.0).reshape(2, 6, 8, 1)
    np.testing.assert_array_equal(depth_to_space(space_to_depth(images)), images[..., 0])


def test_arrays_survive_the_disk(tmp_path: Path):
    tree = {"a": np.arange(3, dtype=np.int32), "b": [np.float32(0.5), np.ones((2, 2), np.float32)]}
    array_file.save(tmp_path / "x.npz", tree, np.float16)
    for saved, original in zip(
        jax.tree.leaves(array_file.load(tmp_path / "x.npz", tree)), jax.tree.leaves(tree), strict=True
    ):
        np.testing.assert_array_equal(saved, original)
        assert saved.dtype == original.dtype


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive"])
def test_damaged_weights_are_refused(tmp_path: Path, content: bytes):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(InputError, match="it does not hold the arrays"):
        array_file.load(tmp_path / "x.npz", {"a": np.zeros(1)})


def test_other_arrays_are_refused(tmp_path: Path):
    array_file.save(tmp_path / "x.npz", {"a": np.zeros(2)})
    with pytest.raises(InputError, match=r"has the shape \(2,\) in place of \(1,\)"):
        array_file.load(tmp_path / "x.npz", {"a": np.zeros(1)})
    with pytest.raises(InputError, match="does not hold"):
        array_file.load(tmp_path / "x.npz", {"b": np.zeros(2)})


def test_the_shipped_network_is_small():
    assert ink_model.PRETRAINED.stat().st_size < 1_000_000


def test_the_shipped_network_is_that_of_the_shipped_weights(tmp_path: Path):
    pytest.importorskip("onnx")
    from digitjax.model.export import ink_to_onnx

    weights = ink_model.PRETRAINED.with_suffix(".npz")
    for file in (weights, weights.with_suffix(".json")):
        shutil.copy(file, tmp_path)
    exported = OnnxModel(ink_to_onnx.write(tmp_path / weights.name))
    config = InkNetConfig(channels=tuple(read_json(weights.with_suffix(".json"))["model"]["channels"]))
    module = nnx.eval_shape(lambda: InkNet(config, nnx.Rngs(0)))
    module.eval()
    arrays = array_file.load(weights, Weights(*nnx.state(module, nnx.Param, ...)))
    for height, width in ((32, 48), (128, 128)):
        contrast = np.random.default_rng(0).normal(size=(1, height, width, CHANNELS)).astype(np.float32)
        expected = nnx.merge(nnx.graphdef(module), *arrays)(jnp.asarray(contrast))
        for network in (exported, OnnxModel(ink_model.PRETRAINED)):
            probability, votes = network(contrast)
            np.testing.assert_allclose(probability, jax.nn.sigmoid(expected.logits), atol=1e-5)
            np.testing.assert_allclose(votes, expected.votes * VOTE_UNIT, atol=1e-3)


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([0, 255, None]))
def test_every_picture_is_looked_at(model: InkModel, height: int, width: int, level: int | None):
    pixels = np.full((height, width, 3), level or 0, np.uint8)
    if level is None:
        pixels[:] = np.random.default_rng(0).integers(0, 256, pixels.shape)
    prediction = model.predict(pixels)
    assert prediction.probability.shape == prediction.pixels.shape[:2]
    half = [(side + 1) // 2 for side in prediction.probability.shape]
    assert prediction.votes.shape == (*half, 3)
    assert max(prediction.probability.shape) <= 960
    assert np.isfinite(prediction.votes).all()
    assert ((prediction.probability >= 0) & (prediction.probability <= 1)).all()


@pytest.mark.parametrize("level", [0, 90, 255])
def test_an_empty_page_has_no_strokes(model: InkModel, level: int):
    prediction = model.predict(np.full((200, 300, 3), level, np.uint8))
    assert prediction.height == 0
    assert prediction.probability.max() < 0.5


def test_tiles_agree_with_one_look(model: InkModel):
    pixels = np.full((256, 256, 3), 255, np.uint8)
    for top in range(20, 230, 50):
        pixels[top : top + 30, 30:34] = 20
        pixels[top : top + 30, 150:170:19] = 20
    whole = model.look(pixels, 1.0).probability
    wide = np.concatenate([pixels, np.full((256, 700, 3), 255, np.uint8)], axis=1)
    tiled = model.look(wide, 1.0).probability
    assert np.abs(tiled[:, :200] - whole[:, :200]).max() < 0.05
