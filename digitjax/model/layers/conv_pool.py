"""Convolution and pooling that train several times faster on a CPU than the library's.

`Conv`, `max_pool` and `avg_pool` are drop-in replacements of their namesakes in `flax.nnx`: same
arguments, same parameters, same results and gradients up to rounding. Cases that the fast algorithms do not cover
(longer strides, dilation, groups, other dtypes than float32, ...) use the library, and so do convolutions on a GPU or
TPU. The one restriction: a fast convolution has no forward-mode derivative (`jax.jvp`), since it has a custom VJP.
"""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from itertools import product
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array, lax
from jax.experimental.xla_metadata import set_xla_metadata

from digitjax.model.layers import winograd
from digitjax.model.layers.winograd import Padding

_NHWC = ("NHWC", "HWIO", "NHWC")


class Conv(nnx.Conv):
    """`nnx.Conv` with the `conv_general_dilated` of this module.

    Constructor, parameters and their initial values are those of `nnx.Conv`, so checkpoints of one load into the other.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"conv_general_dilated": conv_general_dilated, **kwargs})


def conv_general_dilated(
    lhs: Array,
    rhs: Array,
    window_strides: Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers: Any = None,
    **options: Any,
) -> Array:
    """Convolve as `jax.lax.conv_general_dilated` does, with fast paths for images on a CPU.

    A fast path takes float32 images (N, H, W, I) and kernels (h, w, I, O), at strides of 1 and 2 (or any, for a single
    channel), without dilation, groups, or any other option. 3x3 kernels use `winograd.conv3x3` where that is faster,
    all others `conv2d`. The platform is selected when the computation is lowered, for the device that will run it,
    which need not be the default backend.

    At a stride of 2 all outputs are computed and every other one is kept. That is four times the work, but the
    library's gradients take another 6 to 19 times longer inside a loop.

    Args:
        lhs: images.
        rhs: kernels.
        window_strides: strides along each spatial axis.
        padding: `SAME`, `VALID`, or (before, after) for each spatial axis.
        lhs_dilation: dilation of the images.
        rhs_dilation: dilation of the kernels.
        dimension_numbers: layout of images, kernels and outputs.
        options: other arguments of `jax.lax.conv_general_dilated`.

    Returns:
        The outputs, in the layout of `dimension_numbers`.
    """
    library: Callable[[Array, Array], Array] = partial(
        lax.conv_general_dilated,
        window_strides=window_strides,
        padding=padding,
        lhs_dilation=lhs_dilation,
        rhs_dilation=rhs_dilation,
        dimension_numbers=dimension_numbers,
        **options,
    )
    strides = tuple(window_strides)
    dilated = any(step != 1 for step in (*(lhs_dilation or ()), *(rhs_dilation or ())))
    default = {"feature_group_count": 1, "batch_group_count": 1}
    if (
        lhs.ndim != 4
        or not lhs.dtype == rhs.dtype == jnp.float32
        or not all(isinstance(size, int) for size in lhs.shape[1:])
        or dilated
        or (max(strides) > 2 and lhs.shape[-1] != 1)
        or any(value != default.get(option) for option, value in options.items())
        or lax.conv_dimension_numbers(lhs.shape, rhs.shape, dimension_numbers)
        != lax.conv_dimension_numbers(lhs.shape, rhs.shape, _NHWC)
    ):
        return library(lhs, rhs)
    if isinstance(padding, str):
        padding = lax.padtype_to_pads(lhs.shape[1:3], rhs.shape[:2], window_strides, padding)
    (top, bottom), (left, right) = padding
    pads = ((top, bottom), (left, right))
    empty = any(n + sum(p) < k for n, p, k in zip(lhs.shape[1:3], pads, rhs.shape[:2], strict=True))
    if empty or min(*pads[0], *pads[1]) < 0:
        return library(lhs, rhs)
    if lhs.shape[-1] == 1:
        fast = partial(conv2d, strides=strides, padding=pads)
    else:
        fast = partial(_thinned, strides=strides, padding=pads)
    return lax.platform_dependent(lhs, rhs, cpu=fast, default=library)


def _thinned(x: Array, kernel: Array, strides: tuple[int, ...], padding: Padding) -> Array:
    """Convolve at stride 1 and keep the outputs at the given strides."""
    y = (
        winograd.conv3x3(x, kernel, padding)
        if winograd.is_faster(kernel.shape)
        else conv2d(x, kernel, (1, 1), padding)
    )
    return lax.slice(y, (0, 0, 0, 0), y.shape, (1, *strides, 1))


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def conv2d(x: Array, kernel: Array, strides: tuple[int, int], padding: Padding) -> Array:
    """Convolve images with kernels, with gradients that are fast on a CPU.

    Both gradients of a convolution are convolutions: that of the image convolves the output's gradient with the kernel
    rotated by 180 degrees; that of the kernel convolves the image with the output's gradient, with batch and channels
    exchanged. Automatic differentiation expresses them in unusual layouts, for which XLA's CPU backend generates naive
    code inside a loop such as `lax.scan` (a training step takes 29 times as long). Here they have the layout of a
    forward pass.

    Args:
      x: images of shape (N, H, W, I).
      kernel: kernels of shape (h, w, I, O).
      strides: distances between outputs along each spatial axis; more than 1 for one channel only.
      padding: zeros before and after each spatial axis.

    Returns:
      Images of shape (N, H', W', O), where H' at stride 1 is H plus its padding minus h - 1.
    """
    if x.shape[3] > 1:
        return _plain_conv(x, kernel, padding)
    with set_xla_metadata(inlineable="false"):  # else XLA would recompute it for every use
        return _one_channel_conv(x, kernel, strides, padding)


def _plain_conv(x: Array, kernel: Array, padding: Sequence[tuple[int, int]]) -> Array:
    return lax.conv_general_dilated(x, kernel, (1, 1), padding, dimension_numbers=_NHWC)


@partial(jax.jit, static_argnums=(2, 3))
def _one_channel_conv(x: Array, kernel: Array, strides: tuple[int, int], padding: Padding) -> Array:
    """Convolve a single channel by one pass of multiply-adds, which is faster than a matrix product."""
    taps = _taps(x, kernel.shape, strides, padding)
    weights = kernel.reshape(len(taps), -1)
    return reduce(jnp.add, (tap * weight for tap, weight in zip(taps, weights, strict=True)))


def _taps(x: Array, kernel_shape: Sequence[int], strides: tuple[int, int], padding: Padding) -> list[Array]:
    """Return for each element of the kernel the pixels (N, H', W', I) that it is multiplied with."""
    h, w = kernel_shape[:2]
    x = jnp.pad(x, [(0, 0), *padding, (0, 0)])
    n, height, width, channels = x.shape
    return [
        lax.slice(x, (0, i, j, 0), (n, height - h + 1 + i, width - w + 1 + j, channels), (1, *strides, 1))
        for i, j in product(range(h), range(w))
    ]


def _conv2d_forward(
    x: Array, kernel: Array, strides: tuple[int, int], padding: Padding
) -> tuple[Array, tuple[Array, Array]]:
    return conv2d(x, kernel, strides, padding), (x, kernel)


def _conv2d_backward(
    strides: tuple[int, int], padding: Padding, residuals: tuple[Array, Array], y_bar: Array
) -> tuple[Array, Array]:
    x, kernel = residuals
    opposite = []  # the padding that gives back the size of x
    for axis, (stride, (before, _)) in enumerate(zip(strides, padding, strict=True)):
        low = kernel.shape[axis] - 1 - before
        dilated_size = stride * (y_bar.shape[axis + 1] - 1) + 1
        opposite.append((low, x.shape[axis + 1] - dilated_size + kernel.shape[axis] - 1 - low))
    turned = kernel[::-1, ::-1].swapaxes(2, 3)
    x_bar = lax.conv_general_dilated(y_bar, turned, (1, 1), opposite, strides, dimension_numbers=_NHWC)
    if x.shape[3] > 1:
        swapped = _plain_conv(x.transpose(3, 1, 2, 0), y_bar.transpose(1, 2, 0, 3), padding)
        return x_bar, swapped.transpose(1, 2, 0, 3)
    taps = _taps(x, kernel.shape, strides, padding)
    kernel_bar = jnp.stack(taps).reshape(len(taps), -1) @ y_bar.reshape(-1, kernel.shape[3])
    return x_bar, kernel_bar.reshape(kernel.shape)


conv2d.defvjp(_conv2d_forward, _conv2d_backward)


def max_pool(
    inputs: Array,
    window_shape: Sequence[int],
    strides: Sequence[int] | None = None,
    padding: str | Sequence[tuple[int, int]] = "VALID",
) -> Array:
    """Pool as `nnx.max_pool` does, fast for small 2-D windows that do not overlap.

    Args:
      inputs: images of shape (..., H, W, C).
      window_shape: height and width of the window.
      strides: distances between windows, 1 by default; fast when equal to ``window_shape``.
      padding: ``"SAME"``, ``"VALID"`` (the fast one) or pairs of (before, after).

    Returns:
      The maxima, of shape (..., H', W', C).
    """
    if not _pools_fast(inputs, window_shape, strides, padding):
        return nnx.max_pool(inputs, window_shape, strides, padding)
    return _max_pool(inputs, tuple(window_shape))


def avg_pool(
    inputs: Array,
    window_shape: Sequence[int],
    strides: Sequence[int] | None = None,
    padding: str | Sequence[tuple[int, int]] = "VALID",
    count_include_pad: bool = True,
) -> Array:
    """Pool as `nnx.avg_pool` does, fast for small 2-D windows that do not overlap.

    Args:
      inputs: images of shape (..., H, W, C).
      window_shape: height and width of the window.
      strides: distances between windows, 1 by default; fast when equal to ``window_shape``.
      padding: ``"SAME"``, ``"VALID"`` (the fast one) or pairs of (before, after).
      count_include_pad: whether padding counts in the average.

    Returns:
      The averages, of shape (..., H', W', C).
    """
    if not _pools_fast(inputs, window_shape, strides, padding):
        return nnx.avg_pool(inputs, window_shape, strides, padding, count_include_pad)
    return reduce(jnp.add, _window_taps(_windows(inputs, window_shape))) / prod(window_shape)


def _pools_fast(
    inputs: Array,
    window_shape: Sequence[int],
    strides: Sequence[int] | None,
    padding: str | Sequence[tuple[int, int]],
) -> bool:
    return (
        len(window_shape) == 2
        and inputs.ndim > 2
        and inputs.dtype == jnp.float32
        and tuple(strides or ()) == tuple(window_shape)
        and padding == "VALID"
        and prod(window_shape) <= 16  # the windows are unrolled
    )


def _windows(x: Array, window_shape: Sequence[int]) -> Array:
    """Split images (..., H, W, C) into windows (..., H', h, W', w, C); drop rows and columns that fill no window."""
    *batch, height, width, channels = x.shape
    h, w = window_shape
    x = lax.slice_in_dim(x, 0, height // h * h, axis=-3)
    x = lax.slice_in_dim(x, 0, width // w * w, axis=-2)
    return x.reshape(*batch, height // h, h, width // w, w, channels)


def _window_taps(windows: Array) -> list[Array]:
    """Return one array (..., H', W', C) for each position in the window."""
    rows = [lax.index_in_dim(windows, i, axis=-4, keepdims=False) for i in range(windows.shape[-4])]
    return [lax.index_in_dim(row, j, axis=-2, keepdims=False) for row in rows for j in range(row.shape[-2])]


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def _max_pool(x: Array, window_shape: tuple[int, int]) -> Array:
    return reduce(lax.max, _window_taps(_windows(x, window_shape)))


@_max_pool.defjvp
def _max_pool_jvp(
    window_shape: tuple[int, int], primals: tuple[Array], tangents: tuple[Array]
) -> tuple[Array, Array]:
    """Differentiate at the first maximum of each window, as the library does.

    Ties are common: all zeros after a ReLU. The tangent is written as a masked sum because the
    transpose of that, which is the gradient, is a masked broadcast: a single pass over memory.
    """
    h, w = window_shape
    taps = _window_taps(_windows(primals[0], window_shape))
    y = reduce(lax.max, taps)
    first = jnp.full(y.shape, h * w - 1, jnp.uint8)
    for position, tap in reversed(list(enumerate(taps[:-1]))):
        first = jnp.where(tap == y, jnp.uint8(position), first)
    positions = jnp.arange(h * w, dtype=jnp.uint8).reshape(h, 1, w, 1)
    mask = jnp.expand_dims(first, (-4, -2)) == positions
    return y, jnp.where(mask, _windows(tangents[0], window_shape), 0).sum((-4, -2))
