"""The Open Inference Protocol, version 2, with the binary tensor extension: 28x28 images in, probabilities out.

https://github.com/kserve/open-inference-protocol: clients of Triton, KServe and MLServer work with this server.
"""

import json
import math
import re
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse, Response
from jaxtyping import UInt8
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from digitjax import __version__
from digitjax.errors import format_validation_error
from digitjax.model.calibration import softmax
from digitjax.recognition.serving.schema import (
    Error,
    InferRequest,
    InferResponse,
    InputTensor,
    Live,
    ModelMetadata,
    Ready,
    ServerMetadata,
    TensorMetadata,
)

MAX_IMAGES = 4096
"""Maximum number of images of a request."""
MAX_JSON_BYTES = 20_000_000
"""Maximum size of the JSON part of a request, in bytes: MAX_IMAGES images fit, and parsing needs many times as much
memory."""
_BINARY = "Inference-Header-Content-Length"
_LENGTH = "[0-9]{1,12}"  # int() rejects numbers of thousands of digits
_INPUT = TensorMetadata(name="images", datatype="UINT8", shape=[-1, 28, 28])
_OUTPUTS = (
    TensorMetadata(name="probabilities", datatype="FP32", shape=[-1, 10]),
    TensorMetadata(name="digits", datatype="INT64", shape=[-1]),
)

router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])


@router.get("", summary="Server metadata")
async def server() -> ServerMetadata:
    """Return the name, version and extensions of the server."""
    return ServerMetadata(name="digitjax", version=__version__, extensions=["binary_tensor_data"])


@router.get("/health/live", summary="Liveness")
async def live() -> Live:
    """Return true at once."""
    return Live(live=True)


@router.get("/health/ready", summary="Readiness")
async def ready() -> Ready:
    """Return true: the server listens only once its model is loaded and compiled."""
    return Ready(ready=True)


async def _require_model(request: Request, name: str) -> str:
    served = request.app.state.name
    if name != served:
        raise HTTPException(404, f"model {name!r} not found: this server has {served!r}")
    return name


Model = Annotated[str, Depends(_require_model)]
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Error, "description": "Model not found"}}


def _inline_references(schema: Any, definitions: dict[str, Any]) -> Any:
    """Replace the references in a JSON schema, which do not resolve within the OpenAPI document."""
    if isinstance(schema, list):
        return [_inline_references(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline_references(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    return {key: _inline_references(part, definitions) for key, part in schema.items() if key != "$defs"}


_SCHEMA = InferRequest.model_json_schema()


@router.get("/models/{name}", summary="Model metadata", responses=_UNKNOWN)
async def model(name: Model) -> ModelMetadata:
    """Return the inputs and outputs of the model."""
    return ModelMetadata(name=name, versions=["1"], platform="jax", inputs=[_INPUT], outputs=list(_OUTPUTS))


@router.get("/models/{name}/ready", summary="Model readiness", responses=_UNKNOWN)
async def model_ready(name: Model) -> Ready:
    """Return true: the server listens only once its model is loaded and compiled."""
    return Ready(ready=True)


@router.post(
    "/models/{name}/infer",
    summary="Classify images of one digit each",
    description="Returns the probabilities of the digits 0 to 9, and the most likely digit. Tensors may be binary.",
    response_model=InferResponse,
    responses=_UNKNOWN
    | {
        400: {"model": Error, "description": "The request violates the protocol"},
        408: {"model": Error, "description": "The body was not received in time"},
        413: {"model": Error, "description": "The request is too large"},
        503: {"model": Error, "description": "The queue is full, or too many bytes are held"},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _inline_references(_SCHEMA, _SCHEMA["$defs"])}},
        }
    },
)
async def infer(
    request: Request,
    name: Model,
    header_length: Annotated[
        str,
        Header(
            alias=_BINARY,
            description="Length of the JSON part in bytes; binary tensors follow it.",
            json_schema_extra={"pattern": f"^{_LENGTH}$"},
        ),
    ] = "",
) -> Response:
    """Classify images of one digit each.

    Args:
        request: HTTP request.
        name: name of the model.
        header_length: length of the JSON part in bytes, if binary tensors follow it.

    Returns:
        The requested outputs, as JSON or as JSON followed by binary tensors.
    """
    parsed, binary = _parse(await request.body(), header_length)
    outputs = _requested_outputs(parsed)
    logits = await request.app.state.batcher(_parse_images(parsed, binary))
    probabilities = softmax(logits)
    values = {"probabilities": probabilities, "digits": probabilities.argmax(axis=1)}
    return _respond(name, parsed.id, {output: values[output] for output in outputs}, outputs)


# --------------------------------------------------------------------------------------- request


def _parse(body: bytes, header_length: str) -> tuple[InferRequest, bytes]:
    """Return the JSON part of a request and the bytes after it, which hold the binary tensors."""
    end = len(body)
    if header_length:
        if not re.fullmatch(_LENGTH, header_length) or int(header_length) > len(body):
            raise HTTPException(
                400, f"{_BINARY} is {header_length[:40]!r}: it must be the length of the JSON part"
            )
        end = int(header_length)
    if end > MAX_JSON_BYTES:
        raise HTTPException(
            413,
            f"the JSON part is larger than {MAX_JSON_BYTES:,} bytes: send fewer images, or binary tensors",
        )
    try:
        return InferRequest.model_validate_json(body[:end]), body[end:]
    except ValidationError as error:
        raise HTTPException(400, format_validation_error(error)) from None


def _parse_images(request: InferRequest, binary: bytes) -> UInt8[np.ndarray, "n 28 28"]:
    """Return the images of a request."""
    if [tensor.name for tensor in request.inputs] != [_INPUT.name]:
        raise HTTPException(400, f"inputs: there must be one, named {_INPUT.name!r}")
    (tensor,) = request.inputs
    if tensor.datatype != _INPUT.datatype:
        raise HTTPException(400, f"{tensor.name}: its datatype is {tensor.datatype!r}: it must be UINT8")
    count, *size = tensor.shape
    if size not in ([28, 28], [28, 28, 1], [784]) or not 1 <= count <= MAX_IMAGES:
        raise HTTPException(
            400,
            f"{tensor.name}: its shape is {tensor.shape}: it must be [n, 28, 28], n from 1 to {MAX_IMAGES:,}",
        )
    values = _parse_binary(tensor, binary) if "binary_data_size" in tensor.parameters else _parse_list(tensor)
    if values.size != math.prod(tensor.shape):
        raise HTTPException(
            400,
            f"{tensor.name}: it has {values.size:,} values: its shape requires {math.prod(tensor.shape):,}",
        )
    return values.reshape(count, 28, 28)


def _parse_binary(tensor: InputTensor, binary: bytes) -> UInt8[np.ndarray, " values"]:
    if tensor.parameters["binary_data_size"] != len(binary):
        raise HTTPException(
            400, f"{tensor.name}: its binary_data_size differs from the number of bytes after the JSON part"
        )
    return np.frombuffer(binary, np.uint8)


def _parse_list(tensor: InputTensor) -> UInt8[np.ndarray, "..."]:
    try:
        values = np.asarray(tensor.data)
    except ValueError:  # rows of different lengths
        values = np.zeros(0)
    if values.dtype.kind != "i" or values.min(initial=0) < 0 or values.max(initial=0) > 255:
        raise HTTPException(400, f"{tensor.name}: its data must be integers from 0 to 255")
    return values.astype(np.uint8)


def _requested_outputs(request: InferRequest) -> dict[str, bool]:
    """Return the names of the requested outputs, by default all, and whether each is to be binary."""
    binary = request.parameters.get("binary_data_output") is True
    known = [output.name for output in _OUTPUTS]
    if request.outputs is None:
        return dict.fromkeys(known, binary)
    for output in request.outputs:
        if output.name not in known:
            raise HTTPException(400, f"outputs: {output.name!r} not found: choose from {', '.join(known)}")
    return {output.name: output.parameters.get("binary_data", binary) is True for output in request.outputs}


# ---------------------------------------------------------------------------------------- response


def _respond(name: str, id: str | None, values: dict[str, np.ndarray], binary: dict[str, bool]) -> Response:
    datatypes = {output.name: output.datatype for output in _OUTPUTS}
    outputs, tail = [], b""
    for output, array in values.items():
        tensor: dict[str, Any] = {
            "name": output,
            "datatype": datatypes[output],
            "shape": list(array.shape),
        }
        if binary[output]:
            content = array.tobytes()
            tail += content
            tensor["parameters"] = {"binary_data_size": len(content)}
        else:
            tensor["data"] = array.ravel().tolist()
        outputs.append(tensor)
    response = {"model_name": name, "model_version": "1", "outputs": outputs} | ({"id": id} if id else {})
    if not tail:
        return JSONResponse(response)
    head = json.dumps(response).encode()
    return Response(head + tail, headers={_BINARY: str(len(head))}, media_type="application/octet-stream")
