"""ONNX: the program of a run as a graph of standard operators, for onnxruntime and others.

The program is traced by JAX, and each primitive of the trace becomes one or two operators. Values that do not depend
on the images are computed at export, so that the weights are in the graph as the operators need them. (The converter
jax2onnx 0.17 needs an older Orbax than ours, so a separate environment, and does not support dropout that is called
with `rngs`.)
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
import onnx
from jax.extend import core
from onnx import helper, numpy_helper

from digitjax import runs
from digitjax.config import to_json
from digitjax.errors import InputError
from digitjax.model.export import program
from digitjax.model.export.onnx_folding import fold
from digitjax.model.export.onnx_operators import ARRAY_OPERATORS, ELEMENTWISE, FUNCTIONS, Value, sides
from digitjax.runs import Run

_OPSET, _IR_VERSION = 18, 9
"""Versions of onnx 1.14 (2023), which most runtimes read."""


def write(run: Run, path: Path, step: int | str = "best") -> None:
    """Export a run as ONNX for any number of images.

    The input is named `images`, the output `probabilities` or `reconstructions`; the metadata hold `config`, as JSON,
    and `step`.

    Args:
        run: a trained run.
        path: file to write.
        step: a step, `latest`, or `best` on the validation split.

    Raises:
        InputError: the run has no usable checkpoint, or its network has no translation.
    """
    loaded = program.load(run, step)
    model = translate(loaded.function, {"images": program.abstract_images()}, [loaded.output])
    helper.set_model_props(model, {"config": to_json(run.config), "step": str(loaded.step)})
    runs.write_bytes(path, model.SerializeToString())


def translate(
    function: Callable[..., Any], inputs: Mapping[str, jax.ShapeDtypeStruct], outputs: Sequence[str]
) -> onnx.ModelProto:
    """Translate a function to ONNX.

    Args:
        function: of arrays, that returns one array or a tuple of them.
        inputs: names, shapes and dtypes of its arguments; sides may be symbolic.
        outputs: names of its results.

    Returns:
        The model, checked.

    Raises:
        InputError: the function uses a primitive of JAX that has no translation.
    """
    closed = jax.make_jaxpr(function)(*inputs.values())
    graph = _Graph()
    for output, result in zip(outputs, graph.inline(closed, list(inputs)), strict=True):
        graph.add("Identity", result, output=output)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "digitjax",
            [_describe(name, array) for name, array in inputs.items()],
            [_describe(name, array) for name, array in zip(outputs, closed.out_avals, strict=True)],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="digitjax",
    )
    model = fold(model)
    onnx.checker.check_model(model, full_check=True)
    return model


def _describe(name: str, array: Any) -> onnx.ValueInfoProto:
    """Return the name, dtype and shape of an input or an output."""
    shape = [side if isinstance(side, int) else str(side) for side in array.shape]
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(array.dtype)), shape)


class _Graph:
    """A graph to which the equations of a trace are added one by one."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        # Tensors with sides of 1 that JAX has broadcast: elementwise operators of ONNX broadcast by themselves.
        self._narrow: set[str] = set()

    def add(self, operator: str, *inputs: Value, output: str = "", **attributes: Any) -> str:
        """Add a node, and return the name of its output."""
        names = [value if isinstance(value, str) else self._constant(value) for value in inputs]
        output = output or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, names, [output], **attributes))
        return output

    def _constant(self, array: np.ndarray) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def inline(self, closed: Any, arguments: Sequence[Value]) -> Sequence[Value]:
        """Add all equations of a closed jaxpr, and return its results."""
        known: dict[Any, Value] = dict(zip(closed.jaxpr.invars, arguments, strict=True))
        known.update(zip(closed.jaxpr.constvars, map(np.asarray, closed.consts), strict=True))

        def read(atom: Any) -> Value:
            return known[atom] if isinstance(atom, core.Var) else np.asarray(atom.val, atom.aval.dtype)

        for equation in closed.jaxpr.eqns:
            results = self._apply(equation, [read(atom) for atom in equation.invars])
            known.update(zip(equation.outvars, results, strict=True))
        return [read(atom) for atom in closed.jaxpr.outvars]

    def _apply(self, equation: Any, values: Sequence[Value]) -> Sequence[Value]:
        name, params = equation.primitive.name, equation.params
        if name == "platform_index":  # of `lax.platform_dependent`
            return [np.asarray(params["platforms"].index(None))]
        if name == "cond":
            index, *operands = values
            return self.inline(params["branches"][int(index)], operands)
        if inner := params.get("jaxpr") or params.get("call_jaxpr"):
            if translation := FUNCTIONS.get(inner.jaxpr.debug_info.func_name):
                return translation(self.add, inner.jaxpr, *values)
            return self.inline(inner, values)
        tensors = {value for value in values if isinstance(value, str)}
        if not tensors and (name in ELEMENTWISE or not _depends_on_batch(equation.outvars[0])):
            computed = equation.primitive.bind(*values, **params)
            return [np.asarray(x) for x in (computed if equation.primitive.multiple_results else [computed])]
        if name == "broadcast_in_dim":
            return [self._broadcast(equation, *values)]
        if name in ELEMENTWISE:
            result = ELEMENTWISE[name](self.add, params, *values)
            if tensors <= self._narrow:
                self._narrow.add(result)
            return [result]
        if name in ARRAY_OPERATORS and tensors:
            ndims = [atom.aval.ndim for atom in equation.invars]
            wide = map(self._widen, values, equation.invars)
            return ARRAY_OPERATORS[name](self.add, {**params, "ndims": ndims}, *wide)
        raise InputError(f"ONNX: there is no translation of JAX's {name}: add it to onnx_operators.py")

    def _broadcast(self, equation: Any, value: Value) -> Value:
        """Add the new axes, with sides of 1, and leave the broadcast to the next operator."""
        value = self._widen(value, equation.invars[0])
        shape = [1] * len(equation.params["shape"])
        axes = equation.params["broadcast_dimensions"]
        for axis, side in zip(axes, equation.invars[0].aval.shape, strict=True):
            shape[axis] = side
        if not isinstance(value, str):
            return value.reshape(shape)
        result = self.add("Reshape", value, sides(shape))
        if tuple(shape) != equation.outvars[0].aval.shape:
            self._narrow.add(result)
        return result

    def _widen(self, value: Value, atom: Any) -> Value:
        """Broadcast a narrow tensor along all axes but that of the batch, which is never narrow."""
        if isinstance(value, str) and value in self._narrow:
            return self.add("Expand", value, np.maximum(1, sides(atom.aval.shape)))
        return value


def _depends_on_batch(atom: Any) -> bool:
    """Return whether an array has an axis of symbolic size, that of the batch."""
    return not all(isinstance(side, int) for side in atom.aval.shape)
