"""Folds batch normalization into the convolution before it, as inference allows."""

from collections import Counter
from collections.abc import Sequence

from onnx import NodeProto, TensorProto, numpy_helper

_NORMALIZATION = ("Transpose", "Sub", "Mul", "Add")
"""What follows the convolution: channels last, less the mean, times the scale, plus the bias."""


def fold_normalization(
    nodes: Sequence[NodeProto], constants: Sequence[TensorProto]
) -> tuple[list[NodeProto], list[TensorProto]]:
    """Fold each normalization that follows a convolution into its kernel and bias.

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
        chain = _follow(convolution, only_user)
        if [node.op_type for node in chain] != list(_NORMALIZATION):
            continue
        transpose, *steps = chain
        if any(node.input[1] not in arrays for node in (convolution, *steps)):
            continue
        mean, scale, bias = (arrays[step.input[1]].reshape(-1) for step in steps)
        name = convolution.output[0]
        arrays[f"{name}_kernel"] = arrays[convolution.input[1]] * scale.reshape(-1, 1, 1, 1)
        arrays[f"{name}_bias"] = bias - mean * scale
        convolution.input[1:] = [f"{name}_kernel", f"{name}_bias"]
        folded |= {step.output[0] for step in steps}
        transpose.output[0] = steps[-1].output[0]
    # The last step's output is now the transpose's.
    kept = [node for node in nodes if node.op_type == "Transpose" or node.output[0] not in folded]
    used = {name for node in kept for name in node.input}
    return kept, [numpy_helper.from_array(array, name) for name, array in arrays.items() if name in used]


def _follow(node: NodeProto, only_user: dict[str, NodeProto]) -> list[NodeProto]:
    """Return the nodes after one, as many as a normalization has, each the only user of the one before."""
    chain: list[NodeProto] = []
    while len(chain) < len(_NORMALIZATION) and (following := only_user.get((chain or [node])[-1].output[0])):
        chain.append(following)
    return chain
