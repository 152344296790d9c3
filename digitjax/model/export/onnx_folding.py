"""Rewrites a graph to one that computes the same, but for rounding, with fewer operators: as inference allows."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, numpy_helper, shape_inference

_TO_CHANNELS_LAST = [0, 2, 3, 1]


def fold(model: ModelProto) -> ModelProto:
    """Fold arithmetic and layouts into the kernels beside them.

    Args:
        model: a model whose convolutions take channels first, each followed by a transposition to channels last.

    Returns:
        A model that computes the same, but for rounding.
    """
    folding = _Folding(shape_inference.infer_shapes(model).graph)
    folding.fold_normalization()
    folding.fold_pixel_scaling()
    folding.fold_flattening()
    folded = ModelProto()
    folded.CopyFrom(model)
    del folded.graph.node[:], folded.graph.initializer[:]
    folded.graph.node.extend(folding.nodes)
    used = {name for node in folding.nodes for name in node.input}
    folded.graph.initializer.extend(
        numpy_helper.from_array(array, name) for name, array in folding.arrays.items() if name in used
    )
    return folded


class _Folding:
    """The nodes and constants of a graph, while it is rewritten."""

    def __init__(self, graph: GraphProto):
        self.nodes = list(graph.node)
        self.arrays = {constant.name: numpy_helper.to_array(constant) for constant in graph.initializer}
        self._sides = {
            value.name: [side.dim_value for side in value.type.tensor_type.shape.dim]
            for value in graph.value_info
        }
        users = Counter(name for node in self.nodes for name in node.input)
        self._only_user = {name: node for node in self.nodes for name in node.input if users[name] == 1}
        self._producer = {name: node for node in self.nodes for name in node.output}

    def fold_normalization(self) -> None:
        """Fold biases and batch normalization into the kernel and the bias of the convolution before them.

        (x * kernel - mean) * scale + bias is x * (kernel * scale) + (bias - mean * scale).
        """
        for convolution in self._find("Conv"):
            transpose = self._only_user.get(convolution.output[0])
            if len(convolution.input) > 2 or transpose is None or transpose.op_type != "Transpose":
                continue
            kernel = self.arrays[convolution.input[1]]
            scale, shift = np.ones(len(kernel), np.float32), np.zeros(len(kernel), np.float32)
            steps = list(self._steps_after(transpose, channels=len(kernel)))
            for step in steps:
                value = self.arrays[step.input[1]].reshape(-1)
                if step.op_type == "Mul":
                    scale, shift = scale * value, shift * value
                else:
                    shift = shift + (value if step.op_type == "Add" else -value)
            if steps:
                self._set_constant(convolution, 1, kernel * scale.reshape(-1, 1, 1, 1))
                convolution.input.append("")
                self._set_constant(convolution, 2, shift)
                self._remove(steps)

    def fold_pixel_scaling(self) -> None:
        """Fold the scaling of pixels into the kernel of the first convolution, which leaves one addition.

        (x * scale + shift) * kernel is (x + shift / scale) * (kernel * scale), and padding of zeros stays zero.
        """
        for convolution in self._find("Conv"):
            steps = list(self._steps_before(convolution))
            scale, shift = 1.0, 0.0
            for step in steps:
                value = float(self.arrays[step.input[1]].item())
                match step.op_type:
                    case "Add":
                        shift += value
                    case "Sub":
                        shift -= value
                    case "Mul":
                        scale, shift = scale * value, shift * value
                    case "Div":
                        scale, shift = scale / value, shift / value
            if len(steps) > 1 and scale:
                self._set_constant(convolution, 1, self.arrays[convolution.input[1]] * np.float32(scale))
                steps[0].op_type = "Add"
                self._set_constant(steps[0], 1, np.array(shift / scale, np.float32))
                self._remove(steps[1:])

    def fold_flattening(self) -> None:
        """Order the rows of a dense kernel by channels first, where features are flattened before it."""
        for transpose in self._find("Transpose"):
            reshape = self._only_user.get(transpose.output[0])
            product = self._only_user.get(reshape.output[0]) if reshape else None
            sides = self._sides.get(transpose.output[0], [])[1:]
            if (
                _permutation(transpose) != _TO_CHANNELS_LAST
                or reshape is None
                or reshape.op_type != "Reshape"
                or product is None
                or product.op_type != "MatMul"
                or product.input[1] not in self.arrays
                or self._sides.get(reshape.output[0], [])[1:] != [np.prod(sides)]
            ):
                continue
            kernel = self.arrays[product.input[1]]
            rows = kernel.reshape(*sides, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
            self._set_constant(product, 1, rows)
            self._remove([transpose])

    def _find(self, operator: str) -> list[NodeProto]:
        return [node for node in self.nodes if node.op_type == operator]

    def _steps_after(self, node: NodeProto, channels: int) -> Iterator[NodeProto]:
        """Yield the nodes after one that add a number to each channel, subtract it, or multiply with it."""
        while (following := self._only_user.get(node.output[0])) is not None:
            if following.op_type not in ("Add", "Mul", "Sub") or following.input[0] != node.output[0]:
                return
            value = self.arrays.get(following.input[1], np.zeros(0))
            if value.shape[-1:] != (channels,) or value.size != channels:
                return
            yield following
            node = following

    def _steps_before(self, node: NodeProto) -> Iterator[NodeProto]:
        """Yield, in the order of their computation, the nodes before one that combine all pixels with one number."""
        steps: list[NodeProto] = []
        while (previous := self._producer.get(node.input[0])) is not None:
            if self._only_user.get(node.input[0]) is not node:
                break
            if previous.op_type in ("Add", "Div", "Mul", "Sub"):
                if self.arrays.get(previous.input[1], np.zeros(0)).size != 1:
                    break
                steps.append(previous)
            elif previous.op_type not in ("Reshape", "Transpose"):
                break
            node = previous
        yield from reversed(steps)

    def _set_constant(self, node: NodeProto, position: int, array: Any) -> None:
        """Give a node a constant of its own, since others may share the old one."""
        name = f"{node.output[0]}_{position}"
        self.arrays[name] = np.asarray(array, np.float32)
        node.input[position] = name

    def _remove(self, removed: list[NodeProto]) -> None:
        """Remove nodes, whose users take their first input in place of their output."""
        for node in removed:
            self.nodes.remove(node)
            for other in self.nodes:
                other.input[:] = [node.input[0] if name == node.output[0] else name for name in other.input]
            if (user := self._only_user.pop(node.output[0], None)) is None:
                del self._only_user[node.input[0]]
            else:
                self._only_user[node.input[0]] = user


def _permutation(transpose: NodeProto) -> list[int]:
    return next(list(attribute.ints) for attribute in transpose.attribute if attribute.name == "perm")
