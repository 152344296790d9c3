"""The Open Inference Protocol, version 2, with its extension for binary tensors: 28x28 pictures in, probabilities out.

https://github.com/kserve/open-inference-protocol: what speaks to Triton, KServe or MLServer speaks to this too.
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
from scipy.special import softmax
from starlette.exceptions import HTTPException

from digitjax import __version__
from digitjax.recognition.serving.schema import (
    Error,
    InferRequest,
    InferResponse,
    Live,
    ModelMetadata,
    Ready,
    ServerMetadata,
    TensorIn,
    TensorMetadata,
)

MOST_PICTURES = 4096
"""Pictures of a request."""
MOST_JSON_BYTES = 20_000_000
"""Bytes of the JSON part of a request: that many pictures take less, and what is parsed takes many times as much."""
_BINARY = "Inference-Header-Content-Length"
_LENGTH = "[0-9]{1,12}"  # Python converts no number of thousands of digits
_INPUT = TensorMetadata(name="images", datatype="UINT8", shape=[-1, 28, 28])
_OUTPUTS = (
    TensorMetadata(name="probabilities", datatype="FP32", shape=[-1, 10]),
    TensorMetadata(name="digits", datatype="INT64", shape=[-1]),
)

router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])


@router.get("", summary="Tell what the server is")
async def server() -> ServerMetadata:
    """Answer the metadata of the server."""
    return ServerMetadata(name="digitjax", version=__version__, extensions=["binary_tensor_data"])


@router.get("/health/live", summary="Tell whether the server lives")
async def live() -> Live:
    """Answer at once."""
    return Live(live=True)


@router.get("/health/ready", summary="Tell whether the server can answer")
async def ready() -> Ready:
    """Answer at once: the server listens when its model is loaded and compiled."""
    return Ready(ready=True)


async def _require_model(request: Request, name: str) -> str:
    served = request.app.state.name
    if name != served:
        raise HTTPException(404, f"there is no model {name!r}: this server has {served!r}")
    return name


Model = Annotated[str, Depends(_require_model)]
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Error, "description": "There is no such model"}}


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """Return a JSON schema without references, which in the document would lead nowhere."""
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    return {key: _inlined(part, definitions) for key, part in schema.items() if key != "$defs"}


_SCHEMA = InferRequest.model_json_schema()


@router.get("/models/{name}", summary="Tell what a model takes and answers", responses=_UNKNOWN)
async def model(name: Model) -> ModelMetadata:
    """Answer the metadata of the model."""
    return ModelMetadata(name=name, versions=["1"], platform="jax", inputs=[_INPUT], outputs=list(_OUTPUTS))


@router.get("/models/{name}/ready", summary="Tell whether a model can answer", responses=_UNKNOWN)
async def model_ready(name: Model) -> Ready:
    """Answer at once: the server listens when its model is loaded and compiled."""
    return Ready(ready=True)


@router.post(
    "/models/{name}/infer",
    summary="Classify pictures of one digit each",
    response_model=InferResponse,
    responses=_UNKNOWN
    | {
        400: {"model": Error, "description": "The request is not as the protocol has it"},
        408: {"model": Error, "description": "The body came too slowly"},
        413: {"model": Error, "description": "The request is too large"},
        503: {"model": Error, "description": "Too many are waiting"},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _inlined(_SCHEMA, _SCHEMA["$defs"])}},
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
            description="Bytes of the JSON part; binary tensors follow it.",
            json_schema_extra={"pattern": f"^{_LENGTH}$"},
        ),
    ] = "",
) -> Response:
    """Answer the probability of each digit, and the likeliest; tensors may be binary."""
    asked, tail = _parse(await request.body(), header_length)
    outputs = _chosen(asked)
    logits = await request.app.state.batcher(_images(asked, tail))
    probabilities = softmax(logits, axis=1)
    values = {"probabilities": probabilities, "digits": probabilities.argmax(axis=1)}
    return _respond(name, asked.id, {output: values[output] for output in outputs}, outputs)


# --------------------------------------------------------------------------------------- request


def _parse(body: bytes, header_length: str) -> tuple[InferRequest, bytes]:
    """Return the JSON part of a request and the bytes after it, which are its binary tensors."""
    end = len(body)
    if header_length:
        if not re.fullmatch(_LENGTH, header_length) or int(header_length) > len(body):
            raise HTTPException(
                400, f"{_BINARY} is {header_length[:40]!r}: it must be the length of the JSON part"
            )
        end = int(header_length)
    if end > MOST_JSON_BYTES:
        raise HTTPException(
            413,
            f"the JSON part is larger than {MOST_JSON_BYTES:,} bytes: send fewer pictures, or binary tensors",
        )
    try:
        return InferRequest.model_validate_json(body[:end]), body[end:]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the body"
        raise HTTPException(400, f"{place}: {first['msg'][0].lower()}{first['msg'][1:]}") from None


def _images(asked: InferRequest, tail: bytes) -> UInt8[np.ndarray, "n 28 28"]:
    """Return the pictures of a request."""
    if [tensor.name for tensor in asked.inputs] != [_INPUT.name]:
        raise HTTPException(400, f"inputs: there must be one, named {_INPUT.name!r}")
    (tensor,) = asked.inputs
    if tensor.datatype != _INPUT.datatype:
        raise HTTPException(400, f"{tensor.name}: its datatype is {tensor.datatype!r}: it must be UINT8")
    count, *size = tensor.shape
    if size not in ([28, 28], [28, 28, 1], [784]) or not 1 <= count <= MOST_PICTURES:
        raise HTTPException(
            400,
            f"{tensor.name}: its shape is {tensor.shape}: it must be [n, 28, 28], n from 1 to {MOST_PICTURES:,}",
        )
    values = _binary(tensor, tail) if "binary_data_size" in tensor.parameters else _listed(tensor)
    if values.size != math.prod(tensor.shape):
        raise HTTPException(
            400, f"{tensor.name}: it has {values.size:,} values: its shape wants {math.prod(tensor.shape):,}"
        )
    return values.reshape(count, 28, 28)


def _binary(tensor: TensorIn, tail: bytes) -> UInt8[np.ndarray, " values"]:
    if tensor.parameters["binary_data_size"] != len(tail):
        raise HTTPException(
            400, f"{tensor.name}: its binary_data_size is not that of what follows the JSON part"
        )
    return np.frombuffer(tail, np.uint8)


def _listed(tensor: TensorIn) -> UInt8[np.ndarray, "..."]:
    try:
        values = np.asarray(tensor.data)
    except ValueError:  # rows of unlike lengths
        values = np.zeros(0)
    if values.dtype.kind != "i" or values.min(initial=0) < 0 or values.max(initial=0) > 255:
        raise HTTPException(400, f"{tensor.name}: its data must be whole numbers from 0 to 255")
    return values.astype(np.uint8)


def _chosen(asked: InferRequest) -> dict[str, bool]:
    """Return the outputs that are asked for, by default all, and whether each is to be binary."""
    binary = asked.parameters.get("binary_data_output") is True
    known = [output.name for output in _OUTPUTS]
    if asked.outputs is None:
        return dict.fromkeys(known, binary)
    for output in asked.outputs:
        if output.name not in known:
            raise HTTPException(400, f"outputs: there is no {output.name!r}: choose among {', '.join(known)}")
    return {output.name: output.parameters.get("binary_data", binary) is True for output in asked.outputs}


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
    made = {"model_name": name, "model_version": "1", "outputs": outputs} | ({"id": id} if id else {})
    if not tail:
        return JSONResponse(made)
    head = json.dumps(made).encode()
    return Response(head + tail, headers={_BINARY: str(len(head))}, media_type="application/octet-stream")
