"""Translations of primitives of JAX to operators of ONNX (https://onnx.ai/onnx/operators).

Each translation takes `add`, which adds an operator to the graph and returns the name of its output, the parameters of
the primitive, and its operands.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from onnx import helper

from digitjax.errors import InputError

Value = str | np.ndarray
"""The name of a tensor in the graph, or a constant."""
Add = Callable[..., str]
"""Function of an operator, its inputs and attributes that adds a node and returns the name of its output."""
Params = Mapping[str, Any]
"""Parameters of a primitive, and `ndims` of its operands."""

_TO_CHANNELS_FIRST, _TO_CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


def sides(shape: Sequence[Any]) -> np.ndarray:
    """Return a shape for operators, int64, with -1 for the size of the batch."""
    return np.array([side if isinstance(side, int) else -1 for side in shape], np.int64)


def _operator(operator: str) -> Callable[..., str]:
    return lambda add, params, *values: add(operator, *values)


def _convert(add: Add, params: Params, x: Value) -> str:
    return add("Cast", x, to=helper.np_dtype_to_tensor_dtype(np.dtype(params["new_dtype"])))


def _maximum(add: Add, params: Params, x: Value, y: Value) -> str:
    if isinstance(y, np.ndarray) and not y.any():
        return add("Relu", x)  # which runtimes fuse with the operator before
    return add("Max", x, y)


ELEMENTWISE: Mapping[str, Callable[..., str]] = {
    "add": _operator("Add"),
    "convert_element_type": _convert,
    "div": _operator("Div"),
    "exp": _operator("Exp"),
    "expm1": lambda add, params, x: add("Sub", add("Exp", x), np.array(1, np.float32)),
    "ge": _operator("GreaterOrEqual"),
    "gt": _operator("Greater"),
    "integer_pow": lambda add, params, x: add("Pow", x, np.array(params["y"], np.float32)),
    "logistic": _operator("Sigmoid"),
    "max": _maximum,
    "mul": _operator("Mul"),
    "rsqrt": lambda add, params, x: add("Reciprocal", add("Sqrt", x)),
    "select_n": lambda add, params, which, no, yes: add("Where", which, yes, no),
    "square": lambda add, params, x: add("Mul", x, x),
    "stop_gradient": _operator("Identity"),
    "sub": _operator("Sub"),
    "tanh": _operator("Tanh"),
}
"""Translations of elementwise primitives; their operators broadcast, as NumPy does."""


def _convolve(add: Add, params: Params, x: Value, kernel: Value) -> list[str]:
    numbers, pads = params["dimension_numbers"], params["padding"]
    if set(params["lhs_dilation"]) != {1} or params["batch_group_count"] != 1 or isinstance(kernel, str):
        raise InputError("ONNX: there is no translation of such a convolution: add it to onnx_operators.py")
    y = add(
        "Conv",
        add("Transpose", x, perm=numbers.lhs_spec),
        kernel.transpose(numbers.rhs_spec),
        strides=params["window_strides"],
        pads=[before for before, _ in pads] + [after for _, after in pads],
        dilations=params["rhs_dilation"],
        group=params["feature_group_count"],
    )
    return [add("Transpose", y, perm=np.argsort(numbers.out_spec).tolist())]


def _multiply(add: Add, params: Params, x: Value, y: Value) -> list[str]:
    (axes, kernel_axes), batch_axes = params["dimension_numbers"]
    if axes != (params["ndims"][0] - 1,) or kernel_axes != (0,) or batch_axes != ((), ()):
        raise InputError("ONNX: there is no translation of such a product: add it to onnx_operators.py")
    return [add("MatMul", x, y)]


def _slice(add: Add, params: Params, x: Value) -> list[str]:
    starts, ends = params["start_indices"], params["limit_indices"]
    steps = params["strides"] or [1] * len(starts)
    cuts = [
        (start, end, axis, step)
        for axis, (start, end, step) in enumerate(zip(starts, ends, steps, strict=True))
        if isinstance(end, int)  # otherwise it is the axis of the batch, which is kept whole
    ]
    return [add("Slice", x, *np.array(cuts, np.int64).T)]


def _split(add: Add, params: Params, x: Value) -> list[str]:
    axis, ends = np.array([params["axis"]]), accumulate(params["sizes"])
    return [
        add("Slice", x, np.array([end - size]), np.array([end]), axis)
        for size, end in zip(params["sizes"], ends, strict=True)
    ]


def _reduce(operator: str) -> Callable[..., list[str]]:
    return lambda add, params, x: [add(operator, x, np.array(params["axes"]), keepdims=0)]


ARRAY_OPERATORS: Mapping[str, Callable[..., list[str]]] = {
    "conv_general_dilated": _convolve,
    "dot_general": _multiply,
    "reduce_max": _reduce("ReduceMax"),
    "reduce_sum": _reduce("ReduceSum"),
    "reshape": lambda add, params, x: [add("Reshape", x, sides(params["new_sizes"]))],
    "slice": _slice,
    "split": _split,
    "squeeze": lambda add, params, x: [add("Squeeze", x, np.array(params["dimensions"]))],
    "transpose": lambda add, params, x: [add("Transpose", x, perm=params["permutation"])],
}
"""Translations of all other primitives; their operands need the shapes that they have in JAX."""


def _max_pool(add: Add, jaxpr: Any, x: Value) -> list[str]:
    splits = next(equation for equation in jaxpr.eqns if equation.primitive.name == "reshape")
    _, _, height, _, width, _ = splits.params["new_sizes"]
    y = add(
        "MaxPool",
        add("Transpose", x, perm=_TO_CHANNELS_FIRST),
        kernel_shape=[height, width],
        strides=[height, width],
    )
    return [add("Transpose", y, perm=_TO_CHANNELS_LAST)]


def _rearrange(operator: str, **attributes: Any) -> Callable[..., list[str]]:
    """Return a translation to an operator that takes channels first."""

    def translate(add: Add, jaxpr: Any, x: Value) -> list[str]:
        y = add(operator, add("Transpose", x, perm=_TO_CHANNELS_FIRST), **attributes)
        return [add("Transpose", y, perm=_TO_CHANNELS_LAST)]

    return translate


def _depth_to_space(add: Add, jaxpr: Any, x: Value) -> list[str]:
    [y] = _rearrange("DepthToSpace", blocksize=2)(add, jaxpr, x)
    return [add("Squeeze", y, np.array([3]))]


def _enlarge(add: Add, jaxpr: Any, x: Value) -> list[str]:
    y = add("Transpose", x, perm=_TO_CHANNELS_FIRST)
    scales = np.array([1, 1, 2, 2], np.float32)
    y = add(
        "Resize",
        y,
        "",
        scales,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    return [add("Transpose", y, perm=_TO_CHANNELS_LAST)]


FUNCTIONS: Mapping[str, Callable[..., list[str]]] = {
    "_max_pool": _max_pool,
    "depth_to_space": _depth_to_space,
    "enlarge": _enlarge,
    "space_to_depth": _rearrange("SpaceToDepth", blocksize=2),
}
"""Translations of functions of `digitjax.model.layers.conv_pool` and `digitjax.model.architectures.ink_net` to one
operator, which is faster than those of their primitives; a translation gets the jaxpr in place of parameters."""
