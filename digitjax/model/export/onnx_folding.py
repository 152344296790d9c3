"""Folds biases and batch normalization into the convolution before them, as inference allows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from onnx import NodeProto, TensorProto, numpy_helper


def fold_channel_arithmetic(
    nodes: Sequence[NodeProto], constants: Sequence[TensorProto]
) -> tuple[list[NodeProto], list[TensorProto]]:
    """Fold what is added to and multiplied with each channel of a convolution into its kernel and bias.

    (x * kernel - mean) * scale + bias is x * (kernel * scale) + (bias - mean * scale).

    Args:
        nodes: of the graph, in the order of their computation.
        constants: of the graph.

    Returns:
        The nodes and constants of a graph that computes the same, but for rounding.
    """
    arrays = {constant.name: numpy_helper.to_array(constant) for constant in constants}
    users = Counter(name for node in nodes for name in node.input)
    only_user = {name: node for node in nodes for name in node.input if users[name] == 1}
    folded: set[str] = set()  # outputs of nodes that are left out
    for convolution in (node for node in nodes if node.op_type == "Conv" and len(node.input) == 2):
        transpose = only_user.get(convolution.output[0])  # to channels last
        if transpose is None or transpose.op_type != "Transpose" or convolution.input[1] not in arrays:
            continue
        kernel = arrays[convolution.input[1]]
        scale, shift = np.ones(len(kernel), np.float32), np.zeros(len(kernel), np.float32)
        steps = list(_follow(transpose, only_user, arrays, len(kernel)))
        for step in steps:
            value = arrays[step.input[1]].reshape(-1)
            if step.op_type == "Mul":
                scale, shift = scale * value, shift * value
            else:
                shift = shift + (value if step.op_type == "Add" else -value)
        if steps:
            name = convolution.output[0]
            arrays[f"{name}_kernel"], arrays[f"{name}_bias"] = kernel * scale.reshape(-1, 1, 1, 1), shift
            convolution.input[1:] = [f"{name}_kernel", f"{name}_bias"]
            folded |= {step.output[0] for step in steps}
            transpose.output[0] = steps[-1].output[0]
    kept = [node for node in nodes if node.op_type == "Transpose" or node.output[0] not in folded]
    used = {name for node in kept for name in node.input}
    return kept, [numpy_helper.from_array(array, name) for name, array in arrays.items() if name in used]


def _follow(
    node: NodeProto, only_user: Mapping[str, NodeProto], arrays: Mapping[str, np.ndarray], channels: int
) -> Iterator[NodeProto]:
    """Yield the nodes after one that add a number to each channel, subtract it, or multiply with it."""
    while (following := only_user.get(node.output[0])) is not None:
        if following.op_type not in ("Add", "Mul", "Sub") or following.input[0] != node.output[0]:
            return
        value = arrays.get(following.input[1], np.zeros(0))
        if value.shape[-1:] != (channels,) or value.size != channels:
            return
        yield following
        node = following
