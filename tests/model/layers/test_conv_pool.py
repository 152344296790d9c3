"""The fast layers equal those of Flax in outputs, gradients and state."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import Array

from digitjax.model.layers import conv_pool, winograd

RELAXED = settings(max_examples=6, deadline=None, derandomize=True)
RNGS = nnx.Rngs(0)


def normal(seed: int, *shape: int) -> Array:
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def initialize(key: Array, shape: tuple[int, ...], dtype) -> Array:
    """Random parameters, without the compilation that `jax.random` needs for every shape."""
    return normal(len(shape), *shape).astype(dtype)


def pair(*args, **kwargs) -> tuple[nnx.Conv, nnx.Conv]:
    """Return the library's layer and ours with the same arguments."""
    kwargs = {"kernel_init": initialize, "bias_init": initialize, **kwargs}
    return tuple(layer(*args, **kwargs, rngs=RNGS) for layer in (nnx.Conv, conv_pool.Conv))


def value_and_gradients(layer, x: Array) -> dict[str, Array]:
    """Output, and the gradients of the input and of each parameter, for random cotangents."""
    graph, params = nnx.split(layer)

    @jax.jit
    def run(params, x):
        y, vjp = jax.vjp(lambda params, x: nnx.merge(graph, params)(x), params, x)
        return y, *vjp(normal(1, *y.shape).astype(y.dtype))

    y, params_bar, x_bar = run(params, x)
    return {"y": y, "x": x_bar, **nnx.to_pure_dict(params_bar)}


def assert_equal(ours: dict[str, Array], theirs: dict[str, Array], tolerance: float = 2e-5):
    """Compare at a tolerance relative to the largest value, as rounding errors are."""
    assert ours.keys() == theirs.keys()
    for name, expected in theirs.items():
        actual, expected = np.asarray(ours[name], np.float64), np.asarray(expected, np.float64)
        scale = np.abs(expected, where=np.isfinite(expected), out=np.ones(expected.shape))
        atol = tolerance * scale.max(initial=1)
        np.testing.assert_allclose(actual, expected, rtol=0, atol=atol, err_msg=name)


def primitives(function, *args) -> str:
    return str(jax.make_jaxpr(function)(*args))


@RELAXED
@given(
    n=st.integers(1, 3),
    height=st.integers(1, 13),
    width=st.integers(1, 13),
    channels=st.sampled_from([(1, 4), (2, 3), (5, 2), (16, 16)]),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    same=st.booleans(),
    use_bias=st.booleans(),
)
def test_conv_equals_library(n, height, width, channels, kernel, same, use_bias):
    if not same:  # keep the output from being empty
        height, width = height + kernel[0] - 1, width + kernel[1] - 1
    x = normal(0, n, height, width, channels[0])
    padding = "SAME" if same else "VALID"
    theirs, ours = pair(*channels, kernel, padding=padding, use_bias=use_bias)
    assert_equal(value_and_gradients(ours, x), value_and_gradients(theirs, x))


@RELAXED
@given(
    n=st.integers(1, 3),
    height=st.integers(3, 18),
    width=st.integers(3, 18),
    channels=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    padding=st.tuples(*[st.tuples(st.integers(0, 4), st.integers(0, 4))] * 2),
)
def test_winograd_equals_library(n, height, width, channels, padding):
    x, kernel = normal(0, n, height, width, channels[0]), normal(1, 3, 3, *channels)

    def run(convolve):
        y, vjp = jax.vjp(convolve, x, kernel)
        return dict(zip("yxk", (y, *vjp(normal(2, *y.shape))), strict=True))

    ours = jax.jit(lambda: run(lambda x, k: winograd.conv3x3(x, k, padding)))()
    theirs = jax.jit(
        lambda: run(
            lambda x, k: jax.lax.conv_general_dilated(
                x, k, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
        )
    )()
    assert_equal(ours, theirs)


BIG, ODD = (4, 14, 14), (3, 9, 11)
FAST = {
    "winograd": ((32, 40, (3, 3)), {}, (128, 8, 7)),
    "winograd-valid": ((32, 32, (3, 3)), {"padding": "VALID"}, (32, 17, 18)),
    "winograd-few": ((8, 9, (3, 3)), {}, (2, 9, 11)),
    "winograd-odd": ((33, 35, (3, 3)), {"padding": ((2, 0), (1, 3))}, (57, 12, 9)),
    "winograd-strided": ((8, 9, (3, 3), 2), {}, (2, 9, 12)),
    "one-channel": ((1, 8, (3, 3)), {}, BIG),
    "one-channel-5x5": ((1, 8, (5, 5)), {"padding": "VALID"}, BIG),
    "one-channel-strided": ((1, 8, (4, 4), 2), {"padding": 1, "use_bias": False}, (4, 28, 28)),
    "one-channel-strided-odd": ((1, 8, (3, 5), (3, 2)), {"padding": "SAME"}, ODD),
    "strides": ((4, 8, (3, 3), 2), {}, ODD),
    "strides-apart": ((4, 8, (5, 3), (1, 2)), {"padding": "VALID"}, ODD),
    "few-channels": ((4, 8, (3, 3)), {}, ODD),
    "5x3": ((4, 8, (5, 3)), {}, ODD),
    "1x1": ((4, 8, (1, 1)), {}, ODD),
    "circular": ((4, 8, (3, 3)), {"padding": "CIRCULAR"}, ODD),
    "masked": ((4, 8, (3, 3)), {"mask": jnp.tril(jnp.ones((3, 3, 4, 8)))}, ODD),
    "int-padding": ((4, 8, (3, 3)), {"padding": 1}, ODD),
    "no-batch": ((4, 8, (3, 3)), {}, (9, 11)),
    "two-batch-axes": ((4, 8, (3, 3)), {}, (2, 3, 9, 11)),
}
LIBRARY = {
    "long-strides": ((4, 8, (3, 3), (1, 3)), {}, ODD),
    "kernel-dilation": ((4, 8, (3, 3)), {"kernel_dilation": 2}, ODD),
    "input-dilation": ((4, 8, (3, 3)), {"input_dilation": (1, 2), "padding": 1}, ODD),
    "groups": ((4, 8, (3, 3)), {"feature_group_count": 2}, ODD),
    "half-precision": ((4, 8, (3, 3)), {"dtype": jnp.bfloat16}, ODD),
    "empty": ((1, 8, (5, 3)), {"padding": "VALID"}, (2, 3, 9)),
    "negative-padding": ((4, 8, (3, 3)), {"padding": ((-1, 2), (0, 0))}, ODD),
    "precision": ((4, 8, (3, 3)), {"precision": "highest"}, ODD),
    "1-D": ((4, 8, 3), {}, (2, 9)),
    "1-D-causal": ((4, 8, 3), {"padding": "CAUSAL"}, (2, 9)),
    "3-D": ((2, 3, (3, 3, 3)), {}, (2, 5, 5, 5)),
}


@pytest.mark.parametrize("name", FAST | LIBRARY)
def test_path_and_equality(name):
    args, kwargs, shape = (FAST | LIBRARY)[name]
    theirs, ours = pair(*args, **kwargs)
    x = normal(0, *shape, args[0])
    assert_equal(value_and_gradients(ours, x), value_and_gradients(theirs, x))
    assert ("custom_vjp_call" in primitives(ours, x)) == (name in FAST)
    assert ("name=conv3x3" in primitives(ours, x)) == name.startswith("winograd")


def test_state_is_interchangeable():
    theirs, ours = (layer(3, 8, (3, 3), rngs=nnx.Rngs(0)) for layer in (nnx.Conv, conv_pool.Conv))
    (_, a), (graph, b) = nnx.split(theirs), nnx.split(ours)
    jax.tree.map(np.testing.assert_array_equal, a, b)
    assert jax.tree.structure(a) == jax.tree.structure(b)
    x = normal(0, 2, 8, 8, 3)
    np.testing.assert_allclose(nnx.merge(graph, a)(x), theirs(x), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("transform", ["scan", "vmap", "grad of grad", "remat"])
def test_transformations(transform):
    theirs, ours = pair(32, 32, (3, 3))  # these use Winograd's algorithm
    xs = normal(0, 2, 128, 7, 8, 32)

    def loss(layer, x):
        return jnp.mean(jnp.sin(layer(x)))

    def run(layer):
        if transform == "scan":
            return jax.lax.scan(lambda _, x: (0, jax.grad(lambda x: loss(layer, x))(x)), 0, xs)[1]
        if transform == "vmap":
            return jax.vmap(jax.grad(lambda x: loss(layer, x)))(xs)
        if transform == "remat":
            return jax.grad(jax.checkpoint(lambda x: loss(layer, x)))(xs[0])
        return jax.grad(lambda x: jnp.sum(jax.grad(lambda x: loss(layer, x))(x) ** 2))(xs[0])

    def run_jitted(layer):
        gradient = jax.jit(lambda: run(layer))()
        return gradient / jnp.abs(gradient).max()

    assert_equal({"y": run_jitted(ours)}, {"y": run_jitted(theirs)}, 1e-4)


@pytest.mark.parametrize(("channels", "kernel", "stride"), [(16, 3, 1), (16, 5, 2), (1, 3, 2)])
@pytest.mark.parametrize("pool", [conv_pool.max_pool, conv_pool.avg_pool])
def test_export_with_symbolic_batch_and_platforms(channels, kernel, stride, pool):
    layer = conv_pool.Conv(channels, 16, (kernel, kernel), stride, rngs=nnx.Rngs(0))
    model = jax.jit(lambda x: pool(nnx.relu(layer(x)), (2, 2), (2, 2)))
    shape = jax.export.symbolic_shape(f"n, 12, 12, {channels}")
    exported = jax.export.export(model, platforms=["cpu", "cuda"])(jax.ShapeDtypeStruct(shape, jnp.float32))
    assert "gather" not in exported.mlir_module()  # it would take several times as long as slices
    exported = jax.export.deserialize(exported.serialize())
    for n in (1, 5):
        x = normal(n, n, 12, 12, channels)
        np.testing.assert_allclose(exported.call(x), model(x), atol=1e-5)


@RELAXED
@given(
    shape=st.lists(st.integers(1, 3), min_size=0, max_size=2),
    size=st.tuples(st.integers(4, 9), st.integers(4, 9), st.integers(1, 5)),
    window=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.sampled_from([None, "window", (1, 2), (3, 3)]),
    padding=st.sampled_from(["VALID", "SAME", ((1, 0), (0, 1))]),
    ties=st.booleans(),
    seed=st.integers(0, 9),
)
@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
def test_pool_equals_library(name, shape, size, window, strides, padding, ties, seed):
    x = normal(seed, *shape, *size)
    if ties:  # few different values, and many zeros
        x = jnp.maximum(jnp.round(2 * x), 0)
    strides = window if strides == "window" else strides
    if not isinstance(padding, str) and len(shape) > 1:
        padding = "VALID"  # the library takes explicit padding for one batch axis only
    library = getattr(nnx, name)

    def run(pool):
        y, vjp = jax.vjp(lambda x: pool(x, window, strides, padding), x)
        return {"y": y, "x": vjp(normal(1, *y.shape))[0]}

    ours, theirs = jax.jit(lambda: (run(getattr(conv_pool, name)), run(library)))()
    assert_equal(ours, theirs, 1e-6)


@pytest.mark.parametrize("pool", [conv_pool.max_pool, conv_pool.avg_pool])
def test_pool_path(pool):
    x = normal(0, 2, 9, 9, 3)
    assert "reduce_window" not in primitives(lambda x: pool(x, (2, 3), (2, 3)), x)
    for kwargs in ({}, {"strides": (2, 2), "padding": "SAME"}, {"strides": (1, 1)}):
        assert "reduce_window" in primitives(lambda x, k=kwargs: pool(x, (2, 2), **k), x)


def test_max_pool_forward_mode():
    """The tangent is the transpose of the gradient."""
    x, x_dot = normal(0, 2, 8, 8, 3), normal(1, 2, 8, 8, 3)
    y, y_dot, gradient = jax.jit(
        lambda: (
            *jax.jvp(lambda x: conv_pool.max_pool(x, (2, 2), (2, 2)), (x,), (x_dot,)),
            jax.grad(lambda x: conv_pool.max_pool(x, (2, 2), (2, 2)).sum())(x),
        )
    )()
    np.testing.assert_array_equal(y, nnx.max_pool(x, (2, 2), (2, 2)))
    np.testing.assert_allclose(y_dot.sum(), (gradient * x_dot).sum(), rtol=1e-4)
