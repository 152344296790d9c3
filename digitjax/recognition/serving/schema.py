"""Requests and responses of the HTTP API, from which its OpenAPI document is generated."""

from typing import Annotated

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, Field, JsonValue

_EXAMPLE: JsonValue = {
    "file": "photo.jpg",
    "text": "7",
    "lines": ["7"],
    "digits": [
        {
            "digit": 7,
            "confidence": 0.98,
            "probabilities": [0.0, 0.01, 0.0, 0.0, 0.0, 0.0, 0.0, 0.98, 0.0, 0.01],
            "box": [40, 32, 118, 131],
            "line": 0,
            "rejected": False,
        }
    ],
    "error": None,
}


class Upload(BaseModel):
    """Form of `POST /read`."""

    files: list[UploadFile] = Field(
        min_length=1, description="Picture files: PNG, JPEG, WebP, BMP, TIFF or GIF."
    )


class DigitResult(BaseModel):
    """A digit found in a picture."""

    digit: Annotated[int, Field(ge=0, le=9)]
    confidence: Annotated[float, Field(description="Probability of `digit`.")]
    probabilities: Annotated[
        list[float], Field(min_length=10, max_length=10, description="Probabilities of the digits 0 to 9.")
    ]
    box: Annotated[
        list[int],
        Field(
            min_length=4,
            max_length=4,
            description="Bounding box x0, y0, x1, y1 in pixels of the picture as displayed; x1 and y1 are exclusive.",
        ),
    ]
    line: Annotated[int, Field(description="Index of its text line, 0 at the top.")]
    rejected: Annotated[
        bool, Field(description="Rejected for low confidence, and not part of `text` and `lines`.")
    ]


class FileResult(BaseModel):
    """Result of one file, the same as `digitjax read --json` prints."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    file: Annotated[str, Field(description="File name, as sent.")]
    text: Annotated[str, Field(description="The lines, joined by spaces.")]
    lines: Annotated[
        list[str], Field(description="Digits of each text line from the top, without rejected ones.")
    ]
    digits: Annotated[
        list[DigitResult], Field(description="All digits in reading order, rejected ones included.")
    ]
    error: Annotated[str | None, Field(description="Why the file could not be read, or null.")]


class Results(BaseModel):
    """Results in the order of the files."""

    results: list[FileResult]


class Error(BaseModel):
    """Why a request was refused, in one line."""

    error: str


class Health(BaseModel):
    """Health of the server."""

    status: str = "ok"


class Index(BaseModel):
    """The model that is served, and paths of the API."""

    name: str = "digitjax"
    version: str
    model: Annotated[str, Field(description="Name of the run, group or ensemble.")]
    read: str = "/read"
    docs: str = "/docs"
    openapi: str = "/openapi.json"


# -------------------------------------------------------------------- Open Inference Protocol, v2

Parameters = dict[str, str | int | float | bool]


class ServerMetadata(BaseModel):
    """Metadata of the server."""

    name: str
    version: str
    extensions: list[str]


class Live(BaseModel):
    """Liveness of the server."""

    live: bool


class Ready(BaseModel):
    """Readiness of the server or a model."""

    ready: bool


class TensorMetadata(BaseModel):
    """Metadata of an input or output tensor."""

    name: str
    datatype: str
    shape: Annotated[list[int], Field(description="-1 for a variable dimension.")]


class ModelMetadata(BaseModel):
    """Metadata of a model."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class InputTensor(BaseModel):
    """Input tensor of a request."""

    name: str
    datatype: str
    shape: Annotated[list[int], Field(min_length=1, max_length=4)]
    parameters: Annotated[
        Parameters,
        Field(description="`binary_data_size`: size in bytes of the tensor, which follows the JSON part."),
    ] = {}
    data: Annotated[list[JsonValue], Field(description="Values in row-major order, nested or flat.")] = []


class RequestedOutput(BaseModel):
    """Output tensor that is requested."""

    name: str
    parameters: Annotated[Parameters, Field(description="`binary_data`: true for a binary tensor.")] = {}


class InferRequest(BaseModel):
    """Images of one digit each."""

    id: str | None = None
    parameters: Annotated[
        Parameters, Field(description="`binary_data_output`: true for binary tensors.")
    ] = {}
    inputs: list[InputTensor]
    outputs: list[RequestedOutput] | None = None


class OutputTensor(BaseModel):
    """Output tensor of a response."""

    name: str
    datatype: str
    shape: list[int]
    parameters: Parameters = {}
    data: list[float] | None = None


class InferResponse(BaseModel):
    """Probabilities and most likely digit of each image."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[OutputTensor]
