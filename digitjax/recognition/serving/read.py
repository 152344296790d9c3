"""`POST /read`: the digits in uploaded pictures."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.exceptions import HTTPException

from digitjax.recognition.serving.batching import QueueFull
from digitjax.recognition.serving.schema import Error, FileResult, Results, Upload

MAX_QUEUED = 256
"""Maximum number of requests that wait for a free reader."""

router = APIRouter()


async def _require_multipart(request: Request) -> None:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise HTTPException(415, "the body is not a form: send multipart/form-data")


async def _require_queue_space(request: Request) -> None:
    if request.app.state.readers.queued >= MAX_QUEUED:
        raise QueueFull


@router.post(
    "/read",
    summary="Recognize the digits in pictures",
    description="Returns one object per file, in the same order. `error` says why a file could not be read.",
    dependencies=[Depends(_require_queue_space), Depends(_require_multipart)],
    responses={
        400: {"model": Error, "description": "The form is damaged, or has too many files"},
        408: {"model": Error, "description": "The body was not received in time"},
        413: {"model": Error, "description": "The body is too large"},
        415: {"model": Error, "description": "The body is not multipart/form-data"},
        422: {"model": Error, "description": "The form has no files"},
        503: {"model": Error, "description": "The queue is full, or too many bytes are held"},
    },
)
async def read(request: Request, form: Annotated[Upload, Form(media_type="multipart/form-data")]) -> Results:
    """Recognize the digits in pictures.

    Args:
        request: HTTP request.
        form: form with the files.

    Returns:
        One result per file, in the same order.
    """
    state = request.app.state
    results = []
    for upload in form.files:
        # The charset that a form declares can put lone surrogates into a name, which JSON cannot hold.
        name = (upload.filename or "").encode(errors="replace").decode()
        result = await state.readers.read_file(upload.file, name)
        for digit in result["digits"]:
            state.metrics.digits.labels(str(digit["rejected"]).lower()).inc()
        results.append(FileResult.model_validate(result))
    return Results(results=results)
