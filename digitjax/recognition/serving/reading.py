"""`POST /read`: pictures in, what stands in them out."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Form, Request
from starlette.exceptions import HTTPException

from digitjax.recognition.serving.batching import QueueFull
from digitjax.recognition.serving.schema import Error, FileResult, Results, Upload

MOST_WAITING = 256
"""Requests whose pictures may wait for their turn."""

router = APIRouter()


async def _require_multipart(request: Request) -> None:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise HTTPException(415, "the body is no form: send multipart/form-data")


async def _require_room(request: Request) -> None:
    if request.app.state.turns.statistics().tasks_waiting >= MOST_WAITING:
        raise QueueFull


@router.post(
    "/read",
    summary="Read the digits in pictures",
    dependencies=[Depends(_require_room), Depends(_require_multipart)],
    responses={
        400: {"model": Error, "description": "The form is damaged, or has too many files"},
        408: {"model": Error, "description": "The body came too slowly"},
        413: {"model": Error, "description": "The body is too large"},
        415: {"model": Error, "description": "The body is no multipart/form-data"},
        422: {"model": Error, "description": "The form has no files"},
        503: {"model": Error, "description": "Too many are waiting"},
    },
)
async def read(request: Request, form: Annotated[Upload, Form(media_type="multipart/form-data")]) -> Results:
    """Answer one object a file, in their order; one that cannot be read says why in `error`."""
    state = request.app.state
    results = []
    for upload in form.files:
        # The charset that a form declares may make half characters of a name, which no answer can hold.
        name = (upload.filename or "").encode(errors="replace").decode()
        # Off the event loop, which goes on answering.
        result = await to_thread.run_sync(state.recognizer.read_file, upload.file, name, limiter=state.turns)
        for digit in result["digits"]:
            state.metrics.digits.labels(str(digit["rejected"]).lower()).inc()
        results.append(FileResult.model_validate(result))
    return Results(results=results)
