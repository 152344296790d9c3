"""Inference with ONNX Runtime."""

from collections.abc import Callable

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from digitjax.benchmarks import task
from digitjax.data.pipeline import MEAN, STD


def inference() -> Callable[[], dict[str, float]]:
    """Return a function that measures the speed of predictions at every batch size."""
    predict = predictor()
    return lambda: task.measure_inference(predict)


def predictor() -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from uint8 images (n, 28, 28) to logits (n, 10)."""
    session = onnxruntime.InferenceSession(_model(), providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"images": images})[0]


def _model() -> bytes:
    """Return the network of `task` as ONNX, from uint8 images to logits."""
    arrays = task.weight_arrays(task.network()[1])
    constants = {
        "shape": np.array([-1, 1, 28, 28]),
        "scale": np.float32(1 / (255 * STD)),
        "shift": np.float32(-MEAN / STD),
        "conv1.kernel": arrays["conv1.kernel"].transpose(3, 2, 0, 1),
        "conv2.kernel": arrays["conv2.kernel"].transpose(3, 2, 0, 1),
        "dense1.kernel": arrays["dense1.kernel"]
        .reshape(7, 7, 64, 256)
        .transpose(2, 0, 1, 3)
        .reshape(-1, 256),
        "dense2.kernel": arrays["dense2.kernel"],
        **{name: array for name, array in arrays.items() if name.endswith("bias")},
    }
    conv = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["floats", "shape"], ["channels"]),
        helper.make_node("Mul", ["channels", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["normalized"]),
        helper.make_node("Conv", ["normalized", "conv1.kernel", "conv1.bias"], ["c1"], **conv),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("MaxPool", ["r1"], ["p1"], **pool),
        helper.make_node("Conv", ["p1", "conv2.kernel", "conv2.bias"], ["c2"], **conv),
        helper.make_node("Relu", ["c2"], ["r2"]),
        helper.make_node("MaxPool", ["r2"], ["p2"], **pool),
        helper.make_node("Flatten", ["p2"], ["features"]),
        helper.make_node("Gemm", ["features", "dense1.kernel", "dense1.bias"], ["d1"]),
        helper.make_node("Relu", ["d1"], ["r3"]),
        helper.make_node("Gemm", ["r3", "dense2.kernel", "dense2.bias"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return model.SerializeToString()
