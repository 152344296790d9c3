"""Reading over HTTP: the application, and the process that serves it."""

import signal
import socket
import sys
from typing import Annotated, Any, NoReturn

import numpy as np
import uvicorn
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digitjax import __version__
from digitjax.errors import InputError
from digitjax.recognition.recognizer import Recognizer
from digitjax.recognition.schema import Error, FileResult, Health, Index, Results, Upload

MAX_BYTES = 60_000_000
"""Bytes of a request, all its files together."""
MAX_FILES = 16
"""Files of a request."""

router = APIRouter()


def make_app(recognizer: Recognizer, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES) -> FastAPI:
    """Return the application that reads with a recognizer.

    Args:
        recognizer: what reads; one picture at a time.
        max_bytes: bytes of a request above which it is refused, while they come in.
        max_files: files of a request above which it is refused.
    """
    app = FastAPI(
        title="digitjax",
        version=__version__,
        description="Reads the digits in pictures of handwriting.",
        redoc_url=None,
        form_limits={"max_files": max_files},
    )
    app.state.recognizer = recognizer
    app.state.turn = CapacityLimiter(1)
    app.add_middleware(_BodyCap, max_bytes=max_bytes)
    app.add_exception_handler(HTTPException, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_form)
    app.include_router(router)
    return app


def _require_multipart(request: Request) -> None:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise HTTPException(415, "the body is no form: send multipart/form-data")


@router.post(
    "/read",
    summary="Read the digits in pictures",
    dependencies=[Depends(_require_multipart)],
    responses={
        400: {"model": Error, "description": "The form is damaged, or has too many files"},
        413: {"model": Error, "description": "The body is too large"},
        415: {"model": Error, "description": "The body is no multipart/form-data"},
        422: {"model": Error, "description": "The form has no files"},
    },
)
async def read(request: Request, form: Annotated[Upload, Form(media_type="multipart/form-data")]) -> Results:
    """Answer one object a file, in their order; one that cannot be read says why in `error`."""
    state = request.app.state
    results = []
    for upload in form.files:
        # Off the event loop, which goes on answering; one picture at a time has all cores to itself.
        result = await to_thread.run_sync(
            state.recognizer.read_file, upload.file, upload.filename or "", limiter=state.turn
        )
        results.append(FileResult.model_validate(result))
    return Results(results=results)


@router.get("/health", summary="Tell whether the server answers")
async def health() -> Health:
    """Answer at once, however much is being read."""
    return Health()


@router.get("/", summary="Tell what is served")
async def index(request: Request) -> Index:
    """Name the model and the pages."""
    return Index(version=__version__, model=request.app.state.recognizer.name)


class _BodyCap:
    """Refuses a body above a cap as it comes in, whatever its Content-Length says.

    Starlette's own limit answers in plain text; this one in the form of every other refusal.
    """

    def __init__(self, app: ASGIApp, max_bytes: int):
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        declared, received = int(Headers(scope=scope).get("content-length", 0)), 0

        async def receive_below_cap() -> Message:
            nonlocal received
            if declared <= self.max_bytes:
                message = await receive()
                received += len(message.get("body", b""))
                if received <= self.max_bytes:
                    return message
            raise HTTPException(
                413, f"the body is larger than {self.max_bytes:,} bytes: send fewer or smaller pictures"
            )

        return await self.app(scope, receive_below_cap, send)


async def _refuse(request: Request, error: Any) -> JSONResponse:
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _refuse_form(request: Request, error: Any) -> JSONResponse:
    return JSONResponse({"error": "there are no pictures: send them as files in the form field `files`"}, 422)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises:
        InputError: the port is in use, or is none, or the address is not of this machine.
    """
    if port not in range(65536):
        raise InputError(f"port is {port}: it must be 0 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]  # Python repeats the address there
        raise InputError(f"{host}:{port}: {reason}: choose another --host or --port") from None


def serve(app: FastAPI, listening: socket.socket) -> NoReturn:
    """Serve until SIGINT or SIGTERM, finish what was accepted, and exit with code 0."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again once it has finished.
        signal.signal(number, lambda *_: sys.exit(0))
    recognizer: Recognizer = app.state.recognizer
    recognizer.probabilities(np.zeros((1, 28, 28), np.uint8))  # compile before the first request
    host, port = listening.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    print(f"{recognizer.name} reads at {address}/read; its page is {address}/docs", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none")).run([listening])
    sys.exit(0)
