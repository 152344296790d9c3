"""Every classifier: it is built, trained, saved and loaded, and names its intermediate features."""

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st

from digitjax.config import (
    CNNConfig,
    Config,
    DeepCNNConfig,
    FastCNNConfig,
    LeNet5Config,
    MLPConfig,
    Model,
    ResNetConfig,
    Schedule,
    TinyCNNConfig,
    options,
    validate,
)
from digitjax.config.models import Activation, Normalization, Pooling
from digitjax.errors import InputError
from digitjax.model import checkpoint
from digitjax.model.architectures import layer_factories
from digitjax.model.architectures.resnet import Block
from digitjax.model.network import Network
from digitjax.model.predictor import Predictor
from digitjax.model.training.step import Trainer

# Shapes of the intermediate features, without the batch; a new classifier needs a line here.
INTERMEDIATES: dict[Any, dict[str, tuple[int, ...]]] = {
    CNNConfig(): {"block1": (14, 14, 32), "block2": (7, 7, 64), "dense1": (128,)},
    DeepCNNConfig(kernel_size=3): {f"block{i}": (28 - 2 * i,) * 2 + (16 + 16 * i,) for i in range(1, 11)},
    DeepCNNConfig(kernel_size=5): {f"block{i}": (28 - 4 * i,) * 2 + (32 * i,) for i in range(1, 6)},
    DeepCNNConfig(kernel_size=7): {f"block{i}": (28 - 6 * i,) * 2 + (48 * i,) for i in range(1, 5)},
    FastCNNConfig(): {"block1": (14, 14, 16), "block2": (6, 6, 32), "block3": (4, 4, 64)},
    LeNet5Config(): {
        "c1": (28, 28, 6),
        "s2": (14, 14, 6),
        "c3": (10, 10, 16),
        "s4": (5, 5, 16),
        "c5": (120,),
        "f6": (84,),
    },
    MLPConfig(): {"dense1": (256,), "dense2": (128,)},
    ResNetConfig(): {
        "stem": (28, 28, 16),
        "stage1": (14, 14, 16),
        "stage2": (7, 7, 32),
        "stage3": (3, 3, 64),
        "features": (64,),
    },
    TinyCNNConfig(): {
        "block1": (26, 26, 16),
        "block2": (12, 12, 16),
        "block3": (12, 12, 24),
        "block4": (6, 6, 24),
        "block5": (4, 4, 32),
    },
}
# Few channels and layers, which compile sooner; a classifier that is missing is tested with its defaults.
QUICK = {
    CNNConfig: CNNConfig(channels=(4,), dense=(8,)),
    DeepCNNConfig: DeepCNNConfig(kernel_size=7, width=0.1),
    FastCNNConfig: FastCNNConfig(channels=(4, 4, 4)),
    ResNetConfig: ResNetConfig(channels=(4,), blocks=2),
    TinyCNNConfig: TinyCNNConfig(channels=(4, 4, 4)),
}
KINDS = [kind for kind in options(Model) if Config(model=kind()).task == "classification"]
CLASSIFIERS = [QUICK.get(kind, kind()) for kind in KINDS]

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (8, 28, 28)).astype(np.uint8)
LABELS = GENERATOR.integers(0, 10, 8).astype(np.int32)
KEY = jax.random.key(0, impl="rbg")  # compiles sooner than the default
INPUT = jax.ShapeDtypeStruct((5, 28, 28, 1), jnp.float32)


def shapes(model: Any) -> tuple[tuple[int, ...], dict[str, tuple[int, ...]]]:
    """Shapes of the logits and of the intermediate features, without any computation."""
    network = Network(model)
    logits, intermediates = jax.eval_shape(network, network.abstract(), INPUT)
    assert logits.dtype == jnp.float32
    return logits.shape, {name: value.shape for name, value in intermediates.items()}


def parameters(model: Any) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(Network(model).abstract().params))


def program(model: Any) -> str:
    """The jaxpr of the network, as text."""
    network = Network(model)
    return str(jax.make_jaxpr(network)(network.abstract(), INPUT))


def test_every_classifier_is_tested_here():
    assert {type(model) for model in INTERMEDIATES} == set(KINDS)


@pytest.mark.parametrize("model", INTERMEDIATES, ids=str)
def test_logits_and_named_intermediates_have_their_shapes(model: Any):
    logits, intermediates = shapes(model)
    assert logits == (5, 10)
    assert intermediates == {name: (5, *shape) for name, shape in INTERMEDIATES[model].items()}


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda model: model.kind)
def test_two_steps_move_every_parameter_and_a_checkpoint_keeps_the_logits(model: Any, tmp_path: Path):
    trainer = Trainer(Config(model=model, schedule=Schedule(shape="constant")), 2, 2)
    network = trainer.network
    state = trainer.initial_state(KEY)
    before = jax.device_get(state.weights)
    indices, weights = np.arange(8, dtype=np.int32).reshape(2, 4), np.ones((2, 4), np.float32)
    state, metrics = trainer.take_steps(
        state, KEY, jnp.asarray(IMAGES), jnp.asarray(LABELS), indices, weights, 0, 2
    )
    assert np.isfinite(metrics["loss"]).all()
    moved = jax.tree.map(lambda a, b: not np.array_equal(a, b), before, state.weights)
    assert all(jax.tree.leaves(moved)), moved

    predict = Predictor(network)
    logits = predict(state.weights, IMAGES)
    assert not np.allclose(logits, predict(before, IMAGES))
    with checkpoint.Writer(tmp_path) as writer:
        writer.save(2, {"weights": state.weights})
    _, parts = checkpoint.load(tmp_path, {"weights": network.abstract()})
    np.testing.assert_array_equal(predict(parts["weights"], IMAGES), logits)


def literals(choice: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(get_args(choice))


WIDTHS = st.lists(st.integers(1, 3), max_size=2).map(tuple)
STAGES = st.lists(st.integers(1, 3), min_size=1, max_size=5).map(tuple)
KERNEL_SIZES = st.one_of(st.integers(0, 12), st.lists(st.integers(1, 11), min_size=1, max_size=3).map(tuple))
MODELS = st.one_of(
    st.builds(
        CNNConfig,
        channels=STAGES,
        convolutions=st.integers(1, 2),
        kernel_size=KERNEL_SIZES,
        pooling=literals(Pooling),
        normalization=literals(Normalization),
        groups=st.integers(1, 2),
        activation=literals(Activation),
        global_pooling=st.booleans(),
        dense=WIDTHS,
    ),
    st.builds(DeepCNNConfig, kernel_size=st.sampled_from([5, 7]), width=st.floats(0, 0.1)),
    st.builds(LeNet5Config, activation=literals(Activation), pooling=st.sampled_from(["max", "average"])),
    st.builds(MLPConfig, activation=literals(Activation), dense=WIDTHS),
    st.builds(ResNetConfig, channels=STAGES, blocks=st.integers(1, 2), pooling=literals(Pooling)),
)


@settings(max_examples=30)
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@given(MODELS)
def test_every_valid_config_can_be_built(model: Any):
    try:
        validate(Config(model=model))
    except InputError:
        return
    assert shapes(model)[0] == (5, 10)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (CNNConfig(kernel_size=31), r"model\.kernel_size: .*less than or equal to 11 \(it is 31\)"),
        (CNNConfig(kernel_size=(3, 31)), r"model\.kernel_size\.1: .*less than or equal to 11 \(it is 31\)"),
        (
            CNNConfig(kernel_size=(3, 3, 3)),
            r"model\.kernel_size is \(3, 3, 3\): give one side for all stages, or one for each of the 2",
        ),
        (CNNConfig(channels=(8,) * 5), r"model\.channels: .*at most 4 items .*not 5"),
        (CNNConfig(channels=(8, 0)), r"model\.channels\.1: .*greater than or equal to 1 \(it is 0\)"),
        (CNNConfig(dense=(0,)), r"model\.dense\.0: .*greater than or equal to 1 \(it is 0\)"),
        (
            CNNConfig(normalization="group", groups=3),
            r"model\.groups is 3: it must divide each of model\.channels",
        ),
        (DeepCNNConfig(width=0.0), r"model\.width: .*greater than 0 \(it is 0\.0\)"),
        (ResNetConfig(channels=()), r"model\.channels: .*at least 1 item .*not 0"),
        (TinyCNNConfig(channels=(8, 0, 8)), r"model\.channels\.1: .*greater than or equal to 1 \(it is 0\)"),
    ],
    ids=str,
)
def test_an_invalid_config_is_refused_with_the_field(model: Any, reason: str):
    with pytest.raises(InputError, match=f"^config: {reason}"):
        validate(Config(model=model))


def test_sizes_are_those_of_the_docstrings_and_papers():
    assert parameters(LeNet5Config()) == 61_706
    assert parameters(TinyCNNConfig()) == 23_354 < 30_000
    # The paper's table of M3, M5 and M7 gives channels and sides alone: kernels, two numbers a normalized channel.
    for size, channels in ((3, range(32, 177, 16)), (5, range(32, 161, 32)), (7, range(48, 193, 48))):
        kernels = sum(size * size * a * b for a, b in zip((1, *channels), channels, strict=False))
        side = 28 - len(channels) * (size - 1)
        head = side * side * channels[-1] * 10
        assert parameters(DeepCNNConfig(kernel_size=size)) == kernels + head + 2 * (sum(channels) + 10)


def test_the_names_of_the_baselines_weights_stay():
    """Otherwise checkpoints of earlier runs would not load."""
    flat = nnx.to_flat_state(Network(CNNConfig()).abstract().params)
    assert {".".join(map(str, path)) for path, _ in flat} == {
        *(f"blocks.{i}.{name}" for i in (0, 1) for name in ("conv.kernel", "norm.scale", "norm.bias")),
        *(f"{name}.{part}" for name in ("hidden.0", "head") for part in ("kernel", "bias")),
    }


def test_each_choice_of_the_baseline_reaches_its_network():
    base = CNNConfig(channels=(4, 6), dense=(5,), groups=2)
    assert shapes(replace(base, convolutions=2))[1] == {
        "block1": (5, 28, 28, 4),
        "block2": (5, 14, 14, 4),
        "block3": (5, 14, 14, 6),
        "block4": (5, 7, 7, 6),
        "dense1": (5, 5),
    }
    in_threes = CNNConfig(channels=(4, 4, 4), dense=())
    assert shapes(in_threes)[1]["block3"] == (5, 3, 3, 4)
    assert shapes(replace(in_threes, pooling="stride"))[1]["block3"] == (5, 4, 4, 4)
    # 1,470 of them lead from 7x7 pixels into the dense layer, against 30 from their averages.
    assert parameters(base) - parameters(replace(base, global_pooling=True)) == 48 * 6 * 5
    assert parameters(replace(base, kernel_size=(5, 1))) - parameters(base) == 16 * 4 - 8 * 24
    assert parameters(base) - parameters(replace(base, normalization="none")) == 4 + 6
    changed = [
        replace(base, **{field: choice})
        for field, union in (
            ("pooling", Pooling),
            ("normalization", Normalization),
            ("activation", Activation),
        )
        for choice in get_args(union)
        if choice != getattr(base, field)
    ]
    assert len({program(model) for model in (base, *changed)}) == 1 + 2 + 3 + 5


@pytest.mark.parametrize(
    ("model", "layers"),
    [(CNNConfig(activation="tanh"), 3), (LeNet5Config(), 4), (MLPConfig(activation="tanh"), 2)],
)
def test_the_activation_follows_every_layer_but_the_last(model: Any, layers: int):
    assert program(model).count("= tanh") == layers


@pytest.mark.parametrize(
    ("name", "normalized"), [("batch", (0, 1, 2)), ("layer", (3,)), ("group", (1, 2, 4)), ("none", None)]
)
def test_normalizations_are_over_the_right_axes(name: Any, normalized: tuple[int, ...] | None):
    features = jnp.asarray(GENERATOR.normal(3, 2, (5, 4, 4, 6)), jnp.float32)
    result = layer_factories.normalization(name, 6, 2, nnx.Rngs(0))(features)
    if normalized is None:
        np.testing.assert_array_equal(result, features)
        return
    result = result.reshape(5, 4, 4, 2, 3) if name == "group" else result
    np.testing.assert_allclose(result.mean(normalized), 0, atol=1e-5)
    np.testing.assert_allclose(result.std(normalized), 1, atol=1e-3)


def test_pooling_takes_the_maximum_or_the_mean():
    features = jnp.arange(16.0).reshape(1, 4, 4, 1)
    assert layer_factories.pool("max", features).ravel().tolist() == [5, 7, 13, 15]
    assert layer_factories.pool("average", features).ravel().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert layer_factories.pool("stride", features) is features


def test_a_residual_block_with_a_zero_residual_is_the_identity():
    block = Block(4, 4, None, nnx.Rngs(0))
    block.conv2.kernel[...] = jnp.zeros((3, 3, 4, 4))
    features = jnp.asarray(GENERATOR.normal(size=(2, 5, 5, 4)), jnp.float32)
    np.testing.assert_array_equal(block(features), features)
