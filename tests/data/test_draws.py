"""Random arrays and constant matrices: the same as JAX's, and compiled faster."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL.Image import Resampling

from digitjax.data.draws import draw
from digitjax.data.resampling import resize_matrix

KEY = jax.random.key(0)


@pytest.mark.parametrize("shape", [(), (3,), (5, 1, 1), (4, 2, 5, 5)])
def test_numbers_are_those_of_jax(shape: tuple[int, ...]):
    np.testing.assert_array_equal(draw(jax.random.normal, KEY, shape), jax.random.normal(KEY, shape))
    drawn = draw(jax.random.randint, KEY, shape, minval=2, maxval=9)
    np.testing.assert_array_equal(drawn, jax.random.randint(KEY, shape, 2, 9))


@pytest.mark.parametrize(
    ("size", "new_size", "method", "name"),
    [(5, 28, Resampling.BICUBIC, "cubic"), (28, 11, Resampling.BILINEAR, "linear")],
)
def test_a_matrix_resizes_as_jax_does(size: int, new_size: int, method: Resampling, name: str):
    expected = jax.image.resize(jnp.eye(size), (new_size, size), name)
    np.testing.assert_allclose(resize_matrix(size, new_size, method), expected, atol=2e-6)
