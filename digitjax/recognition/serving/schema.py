"""What the HTTP interface takes and answers, field by field: the source of its OpenAPI document."""

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
    """The form that is sent."""

    files: list[UploadFile] = Field(
        min_length=1, description="Picture files: PNG, JPEG, WebP, BMP, TIFF or GIF."
    )


class DigitResult(BaseModel):
    """One digit of a picture."""

    digit: Annotated[int, Field(ge=0, le=9)]
    confidence: Annotated[float, Field(description="Probability of `digit`.")]
    probabilities: Annotated[
        list[float], Field(min_length=10, max_length=10, description="Probability of each of 0 to 9.")
    ]
    box: Annotated[
        list[int],
        Field(
            min_length=4,
            max_length=4,
            description="x0, y0, x1, y1: half-open pixel intervals of the picture as displayed.",
        ),
    ]
    line: Annotated[int, Field(description="Number of its line, 0 at the top.")]
    rejected: Annotated[bool, Field(description="Too doubtful to be counted as read.")]


class FileResult(BaseModel):
    """What was read in one file, as `digitjax read --json` prints it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    file: Annotated[str, Field(description="Its name, as it was sent.")]
    text: Annotated[str, Field(description="The lines joined by spaces.")]
    lines: Annotated[
        list[str], Field(description="What was read, a string a line from the top, without the rejected.")
    ]
    digits: Annotated[list[DigitResult], Field(description="In reading order.")]
    error: Annotated[str | None, Field(description="Why the file could not be read; null where it was.")]


class Results(BaseModel):
    """What was read, in the order of the files."""

    results: list[FileResult]


class Error(BaseModel):
    """Why a whole request was refused, in one line."""

    error: str


class Health(BaseModel):
    """That the server answers."""

    status: str = "ok"


class Index(BaseModel):
    """What is served, and where it is described."""

    name: str = "digitjax"
    version: str
    model: Annotated[str, Field(description="The run, group or ensemble that reads.")]
    read: str = "/read"
    docs: str = "/docs"
    openapi: str = "/openapi.json"


# -------------------------------------------------------------------- Open Inference Protocol, v2

Parameters = dict[str, str | int | float | bool]


class ServerMetadata(BaseModel):
    """What the server is."""

    name: str
    version: str
    extensions: list[str]


class Live(BaseModel):
    """Whether the server lives."""

    live: bool


class Ready(BaseModel):
    """Whether the server, or a model, can answer."""

    ready: bool


class TensorMetadata(BaseModel):
    """What a tensor of a model is."""

    name: str
    datatype: str
    shape: Annotated[list[int], Field(description="-1 is any number.")]


class ModelMetadata(BaseModel):
    """What a model takes and answers."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class TensorIn(BaseModel):
    """A tensor that is sent."""

    name: str
    datatype: str
    shape: Annotated[list[int], Field(min_length=1, max_length=4)]
    parameters: Annotated[
        Parameters, Field(description="`binary_data_size`: bytes of the tensor after the JSON part.")
    ] = {}
    data: Annotated[list[JsonValue], Field(description="Values row by row, nested or not.")] = []


class TensorAsked(BaseModel):
    """A tensor that is wanted."""

    name: str
    parameters: Annotated[Parameters, Field(description="`binary_data`: true for a binary tensor.")] = {}


class InferRequest(BaseModel):
    """Pictures of one digit each."""

    id: str | None = None
    parameters: Annotated[
        Parameters, Field(description="`binary_data_output`: true for binary tensors.")
    ] = {}
    inputs: list[TensorIn]
    outputs: list[TensorAsked] | None = None


class TensorOut(BaseModel):
    """A tensor that is answered."""

    name: str
    datatype: str
    shape: list[int]
    parameters: Parameters = {}
    data: list[float] | None = None


class InferResponse(BaseModel):
    """The probability of each digit, and the likeliest."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[TensorOut]
