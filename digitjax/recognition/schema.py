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

    files: list[UploadFile] = Field(description="Picture files: PNG, JPEG, WebP, BMP, TIFF or GIF.")


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
