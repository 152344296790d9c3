"""The HTTP application: its routes, middleware and batching."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import numpy as np
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from digitjax import __version__
from digitjax.recognition.recognizer import Recognizer
from digitjax.recognition.serving import inference, read
from digitjax.recognition.serving.access import NO_KEY, Access, ApiKeyMiddleware, HostMiddleware
from digitjax.recognition.serving.batching import MAX_BATCH, Batcher, QueueFull
from digitjax.recognition.serving.limits import (
    MAX_BYTES,
    MAX_FILES,
    UPLOAD_SECONDS,
    BodyLimitMiddleware,
)
from digitjax.recognition.serving.metrics import Metrics, MetricsMiddleware
from digitjax.recognition.serving.readers import Readers, ThreadReaders
from digitjax.recognition.serving.schema import Error, Health, Index

_CORS: dict[str, Any] = {
    "allow_methods": ("GET", "POST"),
    "allow_headers": ("Authorization", "Inference-Header-Content-Length", "X-Request-ID"),
    "expose_headers": ("Inference-Header-Content-Length", "Retry-After", "X-Request-ID"),
}

router = APIRouter()


def make_app(
    recognizer: Recognizer,
    max_bytes: int = MAX_BYTES,
    max_files: int = MAX_FILES,
    upload_seconds: float = UPLOAD_SECONDS,
    access: Access = NO_KEY,
    log: bool = False,
    readers: Readers | None = None,
) -> FastAPI:
    """Create the application that serves a recognizer.

    Args:
        recognizer: classifies the images, and reads the pictures where there are no other readers.
        max_bytes: maximum size of a request, in bytes. It is enforced while the body is received.
        max_files: maximum number of files of a request.
        upload_seconds: maximum time to receive a request, in seconds.
        access: who may send requests.
        log: log each request as one JSON line to standard error.
        readers: read the pictures; by default threads do.

    Returns:
        The ASGI application.
    """
    app = FastAPI(
        title="digitjax",
        version=__version__,
        description="Recognizes the digits in pictures of handwriting.",
        redoc_url=None,
        lifespan=_lifespan,
        form_limits={"max_files": max_files},
    )
    metrics = Metrics()
    batcher = Batcher(recognizer.classify, recognizer.min_batch)
    batcher.on_batch = metrics.batches.observe
    app.state.name, app.state.metrics, app.state.batcher = recognizer.name, metrics, batcher
    app.state.readers = readers or ThreadReaders(recognizer, batcher)
    app.state.warm_up = partial(_warm_up, recognizer)
    app.add_middleware(BodyLimitMiddleware, max_bytes=max_bytes, seconds=upload_seconds)
    if access.key:
        app.add_middleware(ApiKeyMiddleware, key=access.key)
    if access.origins:
        app.add_middleware(CORSMiddleware, **_CORS, allow_origins=access.origins)
    app.add_middleware(HostMiddleware, hosts=access.hosts)
    app.add_middleware(MetricsMiddleware, metrics=metrics, log=log)
    app.add_exception_handler(HTTPException, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_form)
    app.add_exception_handler(QueueFull, _refuse_full_queue)
    refusals: dict[int | str, dict[str, Any]] = {
        401: {"model": Error, "description": "The API key is missing or wrong"},
        421: {"model": Error, "description": "The server may not be addressed by this name"},
    }
    for api_router in (router, read.router, inference.router):
        app.include_router(api_router, responses=refusals)
    return app


def _warm_up(recognizer: Recognizer) -> None:
    for size in (recognizer.min_batch, MAX_BATCH // 2, MAX_BATCH):
        recognizer.classify(np.zeros((size, 28, 28), np.uint8))


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Compile the model for every batch size, and run the batcher until the last request is answered."""
    app.state.warm_up()
    task = asyncio.create_task(app.state.batcher.run())
    yield
    app.state.readers.stop()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@router.get("/health", summary="Health check")
async def health() -> Health:
    """Return at once, however many pictures are being read."""
    return Health()


@router.get("/", summary="Model and links")
async def index(request: Request) -> Index:
    """Return the name of the model and the paths of the API."""
    return Index(version=__version__, model=request.app.state.name)


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Prometheus text format"}},
)
async def metrics(request: Request) -> Response:
    """Return the counters in the Prometheus text format."""
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE_LATEST)


async def _refuse(request: Request, error: Any) -> JSONResponse:
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _refuse_form(request: Request, error: Any) -> JSONResponse:
    return JSONResponse({"error": "no pictures: send them as files in the form field `files`"}, 422)


async def _refuse_full_queue(request: Request, error: Any) -> JSONResponse:
    return JSONResponse(
        {"error": "the queue is full: send the request again later"}, 503, {"Retry-After": "1"}
    )
