"""The application that reads over HTTP: its routes, its limits, and what runs beside them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from anyio import CapacityLimiter, from_thread
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from digitjax import __version__
from digitjax.recognition.recognizer import Recognizer
from digitjax.recognition.serving import inference, reading
from digitjax.recognition.serving.batching import LEAST, MOST, Batcher, QueueFull
from digitjax.recognition.serving.limits import (
    MAX_BYTES,
    MAX_FILES,
    UPLOAD_SECONDS,
    ApiKeyMiddleware,
    BodyLimits,
)
from digitjax.recognition.serving.observing import Metrics, MetricsMiddleware
from digitjax.recognition.serving.schema import Error, Health, Index

READERS = 4
"""Pictures that are taken apart at once; while one waits for its digits, others find theirs."""

router = APIRouter()


def make_app(
    recognizer: Recognizer,
    max_bytes: int = MAX_BYTES,
    max_files: int = MAX_FILES,
    upload_seconds: float = UPLOAD_SECONDS,
    key: str = "",
    log: bool = False,
) -> FastAPI:
    """Return the application that reads with a recognizer.

    Args:
        recognizer: what reads.
        max_bytes: bytes of a request above which it is refused, while they come in.
        max_files: files of a request above which it is refused.
        upload_seconds: seconds in which a request must have come in whole.
        key: what clients must send as `Authorization: Bearer KEY`; by default nothing.
        log: write a line of JSON for each request to the standard error stream.
    """
    app = FastAPI(
        title="digitjax",
        version=__version__,
        description="Reads the digits in pictures of handwriting.",
        redoc_url=None,
        lifespan=_lifespan,
        form_limits={"max_files": max_files},
    )
    metrics = Metrics()
    batcher = Batcher(recognizer.classify)
    batcher.on_batch = metrics.batches.observe
    app.state.name, app.state.metrics, app.state.batcher = recognizer.name, metrics, batcher
    # The reader of requests waits in its thread for what the batcher makes of its digits.
    app.state.recognizer = recognizer.classified_by(lambda images: from_thread.run(batcher, images))
    app.state.warm_up = recognizer.classify
    app.state.turns = CapacityLimiter(READERS)
    app.add_middleware(BodyLimits, max_bytes=max_bytes, seconds=upload_seconds)
    if key:
        app.add_middleware(ApiKeyMiddleware, key=key)
    app.add_middleware(MetricsMiddleware, metrics=metrics, log=log)
    app.add_exception_handler(HTTPException, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_form)
    app.add_exception_handler(QueueFull, _refuse_busy)
    for one in (router, reading.router, inference.router):
        app.include_router(one, responses={401: {"model": Error, "description": "The server wants a key"}})
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Compile what batches of every size need, and classify until the last request is answered."""
    for size in (LEAST, MOST // 2, MOST):
        app.state.warm_up(np.zeros((size, 28, 28), np.uint8))
    task = asyncio.create_task(app.state.batcher.run())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@router.get("/health", summary="Tell whether the server answers")
async def health() -> Health:
    """Answer at once, however much is being read."""
    return Health()


@router.get("/", summary="Tell what is served")
async def index(request: Request) -> Index:
    """Name the model and the pages."""
    return Index(version=__version__, model=request.app.state.name)


@router.get(
    "/metrics",
    summary="Count requests, seconds, pictures and digits",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "In the text format of Prometheus"}},
)
async def metrics(request: Request) -> Response:
    """Answer in the text format of Prometheus."""
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE_LATEST)


async def _refuse(request: Request, error: Any) -> JSONResponse:
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _refuse_form(request: Request, error: Any) -> JSONResponse:
    return JSONResponse({"error": "there are no pictures: send them as files in the form field `files`"}, 422)


async def _refuse_busy(request: Request, error: Any) -> JSONResponse:
    return JSONResponse(
        {"error": "too many pictures are waiting: send this again later"}, 503, {"Retry-After": "1"}
    )
