"""Winograd's minimal filtering algorithm F(4x4, 3x3) for 3x3 convolutions.

A 3x3 convolution that computes a 4x4 tile of outputs from the 6x6 tile of inputs around it costs
144 multiplications for each pair of input and output channels when done directly.  Winograd's
algorithm moves both the input tile ``d`` and the kernel ``g`` to a 6x6 domain in which convolution
is an elementwise product, so that 36 multiplications are enough:

    y = A^T [(G g G^T) * (B^T d B)] A

Summed over the input channels, each of the 36 elementwise products becomes one matrix product of
shape (tiles, in) x (in, out).  The gradients are the transposes of these linear maps, and their
costly part is again 36 matrix products.

Everything here is float32 and channels-last (images ``NHWC``, kernels ``HWIO``); a "tiled" array
has the shape ``(6, 6, N, tile rows, tile columns, channels)``.  The forward pass is sliced by
`jax.lax`: indexing turns into gathers where N is symbolic, as it is in an exported model.

References:
  S. Winograd, "Arithmetic Complexity of Computations", SIAM, 1980.
  A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016,
  arXiv:1509.09308 (the matrices below are those of its section 4.2).
"""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

Padding = tuple[tuple[int, int], tuple[int, int]]
"""Zeros before and after each spatial axis."""

TILE = 4
"""Outputs of a tile along an axis."""
PATCH = 6
"""Inputs along an axis that a tile depends on: TILE + 3 - 1."""

B_T = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    np.float32,
)
G = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    np.float32,
)
A_T = np.array(
    [
        [1, 1, 1, 1, 1, 0],
        [0, 1, -1, 2, -2, 0],
        [0, 1, 1, 4, 4, 0],
        [0, 1, -1, 8, -8, 1],
    ],
    np.float32,
)

# Keeps XLA from rearranging steps into one another, which makes a training step 4 % slower.
_materialize = lax.optimization_barrier


def _combine(matrix: np.ndarray, terms: Sequence[Array]) -> list[Array]:
    """Multiply a small constant matrix by a vector of arrays.

    The entries are mostly 0 and +-1, so this is a handful of additions, which XLA fuses into one
    pass over memory; a real matrix product with so small a matrix would be far slower.
    """

    def row(coefficients: np.ndarray) -> Array:
        total: Array | None = None
        for coefficient, term in zip(coefficients.tolist(), terms, strict=True):
            if coefficient == 0:
                continue
            scaled = term if coefficient == 1 else term * coefficient
            total = scaled if total is None else total + scaled
        assert total is not None
        return total

    return [row(coefficients) for coefficients in matrix]


def _tiles(size: int) -> int:
    """Return the number of tiles that cover ``size`` outputs."""
    return -(-size // TILE)


def transform_input(x: Array, padding: Padding) -> Array:
    """Compute ``B^T d B`` of every 6x6 patch of ``x``.

    Args:
      x: images of shape (N, H, W, C).
      padding: zeros before and after each spatial axis.

    Returns:
      A tiled array.
    """
    (top, bottom), (left, right) = padding
    _, height, width, _ = x.shape
    rows, columns = _tiles(height + top + bottom - 2), _tiles(width + left + right - 2)
    bottom, right = TILE * rows + 2 - top - height, TILE * columns + 2 - left - width
    x = jnp.pad(x, [(0, 0), (top, bottom), (left, right), (0, 0)])
    taps = [lax.slice_in_dim(x, i, i + TILE * rows - 3, TILE, axis=1) for i in range(PATCH)]
    x = _materialize(jnp.stack(_combine(B_T, taps)))
    taps = [lax.slice_in_dim(x, i, i + TILE * columns - 3, TILE, axis=3) for i in range(PATCH)]
    return jnp.stack(_combine(B_T, taps), axis=1)


def transform_output(tiled: Array, height: int, width: int) -> Array:
    """Compute ``A^T m A`` of every tile, and assemble the images.

    Args:
      tiled: a tiled array.
      height: height of the images, in pixels.
      width: width of the images, in pixels.

    Returns:
      Images of shape (N, height, width, C).
    """
    _, _, n, rows, columns, channels = tiled.shape
    products = [lax.index_in_dim(tiled, i, axis=1, keepdims=False) for i in range(PATCH)]
    x = jnp.stack(_combine(A_T, products), axis=4).reshape(PATCH, n, rows, TILE * columns, channels)
    x = _materialize(lax.slice_in_dim(x, 0, width, axis=3))
    x = jnp.stack(_combine(A_T, list(x)), axis=2).reshape(n, TILE * rows, width, channels)
    return lax.slice_in_dim(x, 0, height, axis=1)


def transform_output_transpose(y: Array) -> Array:
    """Compute ``A y A^T`` of every 4x4 tile of ``y``, the transpose of `transform_output`."""
    n, height, width, channels = y.shape
    rows, columns = _tiles(height), _tiles(width)
    pads = [(0, 0), (0, TILE * rows - height), (0, TILE * columns - width), (0, 0)]
    y = _materialize(jnp.pad(y, pads)).reshape(n, rows, TILE, columns, TILE, channels)
    y = _materialize(jnp.stack(_combine(A_T.T, [y[:, :, i] for i in range(TILE)])))
    return jnp.stack(_combine(A_T.T, [y[:, :, :, :, i] for i in range(TILE)]), axis=1)


def _overlap_add(patches: Sequence[Array], axis: int) -> Array:
    """Multiply by B along one axis, and add up the patches, which overlap by two.

    Inputs 4 and 5 of a patch are inputs 0 and 1 of the next one, so they are added one tile on.
    """
    end, start = [(0, 0)] * patches[0].ndim, [(0, 0)] * patches[0].ndim
    end[axis], start[axis] = (0, 1), (1, 0)
    x = [jnp.pad(phase, end) for phase in _combine(B_T.T[:TILE], patches)]
    for i, phase in enumerate(_combine(B_T.T[TILE:], patches)):
        x[i] += jnp.pad(phase, start)
    return jnp.stack(x, axis + 1)


def transform_input_transpose(tiled: Array, height: int, width: int, padding: Padding) -> Array:
    """Compute the transpose of `transform_input`.

    Args:
      tiled: a tiled array.
      height: height of the images, in pixels.
      width: width of the images, in pixels.
      padding: zeros before and after each spatial axis.

    Returns:
      Images of shape (N, height, width, C).
    """
    (top, _), (left, _) = padding
    _, _, n, rows, columns, channels = tiled.shape
    x = _overlap_add([tiled[:, i] for i in range(PATCH)], 3)
    x = x.reshape(PATCH, n, rows, TILE * (columns + 1), channels)
    x = _materialize(x[:, :, :, left : left + width])
    x = _overlap_add(list(x), 1).reshape(n, TILE * (rows + 1), width, channels)
    return x[:, top : top + height]


def _batched_dot(a: Array, b: Array, contract: tuple[int, int]) -> Array:
    """Multiply 36 pairs of matrices over the given axes: 0 for tiles, 1 for channels."""
    dot = lax.dot_general(
        a.reshape(PATCH**2, -1, a.shape[-1]),
        b.reshape(PATCH**2, -1, b.shape[-1]),
        (((1 + contract[0],), (1 + contract[1],)), ((0,), (0,))),
    )
    return _materialize(dot)


def _sandwich(matrix: np.ndarray, x: Array) -> Array:
    """Compute ``matrix x matrix^T`` over the two leading axes of ``x``."""
    x = jnp.stack(_combine(matrix, list(x)))
    return jnp.stack(_combine(matrix, [x[:, i] for i in range(x.shape[1])]), axis=1)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def conv3x3(x: Array, kernel: Array, padding: Padding) -> Array:
    """Convolve images with 3x3 kernels at stride 1.

    Args:
      x: images of shape (N, H, W, I), float32.
      kernel: kernels of shape (3, 3, I, O), float32.
      padding: zeros before and after each spatial axis.

    Returns:
      Images of shape (N, H', W', O), where H' is H plus its padding minus 2.
    """
    return _forward(x, kernel, padding)[0]


def _forward(x: Array, kernel: Array, padding: Padding) -> tuple[Array, tuple[Array, Array]]:
    height, width = (n + sum(pad) - 2 for n, pad in zip(x.shape[1:3], padding, strict=True))
    tiles = _materialize(transform_input(x, padding))
    kernels = _materialize(_sandwich(G, kernel))
    products = _batched_dot(tiles, kernels, (1, 0)).reshape(*tiles.shape[:-1], -1)
    return transform_output(products, height, width), (tiles, kernels)


def _backward(padding: Padding, residuals: tuple[Array, Array], y_bar: Array) -> tuple[Array, Array]:
    tiles, kernels = residuals
    height, width = (n - sum(pad) + 2 for n, pad in zip(y_bar.shape[1:3], padding, strict=True))
    products_bar = _materialize(transform_output_transpose(y_bar))
    tiles_bar = _batched_dot(products_bar, kernels, (1, 1)).reshape(tiles.shape)
    kernels_bar = _batched_dot(tiles, products_bar, (0, 0)).reshape(kernels.shape)
    x_bar = transform_input_transpose(tiles_bar, height, width, padding)
    return x_bar, _sandwich(G.T, kernels_bar)


conv3x3.defvjp(_forward, _backward)


def is_faster(kernel_shape: Sequence[int]) -> bool:
    """Return whether `conv3x3` trains faster than a direct convolution, for kernels of shape (h, w, I, O).

    Forward and backward, on two cores of a CPU, it was 1.3 to 2.6 times as fast for all sizes tried with 8 and more
    channels (batches of 8 to 128, sides of 6 to 28), except for 28x28 with 16 channels, where both were equal. An
    exported model, which has the forward pass alone, is faster with it even for a single image.
    """
    return tuple(kernel_shape[:2]) == (3, 3) and min(kernel_shape[2:]) >= 8
