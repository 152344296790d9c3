"""Prometheus metrics and the request log."""

import json
import os
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # seconds
_MAX_ID_LENGTH = 64  # characters


class Metrics:
    """The Prometheus metrics of one application, or the sums over all workers.

    Several workers share their metrics through files in the folder `PROMETHEUS_MULTIPROC_DIR`, which must be set before
    they start.
    """

    def __init__(self) -> None:
        self._folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "digitjax_requests", "Requests answered", ["route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "digitjax_request_seconds",
            "Duration of a request",
            ["route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.open = Gauge(
            "digitjax_requests_open",
            "Requests in progress",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.batches = Histogram(
            "digitjax_batch_pictures",
            "28x28 images in a batch",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=self.registry,
        )
        self.digits = Counter(
            "digitjax_digits", "Digits recognized in pictures", ["rejected"], registry=self.registry
        )

    def text(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        if not self._folder:
            return generate_latest(self.registry)
        for file in Path(self._folder).glob("gauge_live*.db"):
            if not psutil.pid_exists(int(file.stem.rpartition("_")[2])):
                file.unlink(missing_ok=True)  # requests that a killed worker had in progress
        registry = CollectorRegistry()
        MultiProcessCollector(registry, self._folder)
        return generate_latest(registry)


class MetricsMiddleware:
    """Counts, times and logs each request, and adds the header `X-Request-ID` to its response."""

    def __init__(self, app: ASGIApp, metrics: Metrics, log: bool):
        """Wrap an application.

        Args:
            app: the application.
            metrics: where requests are counted.
            log: log each request as one JSON line to standard error.
        """
        self.app = app
        self.metrics = metrics
        self.log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and record it (ASGI).

        Args:
            scope: connection scope.
            receive: channel of incoming messages.
            send: channel of outgoing messages.
        """
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        start, status = time.perf_counter(), 499  # nginx's code for a client that closed the connection
        received = sent = 0  # bytes
        id = Headers(scope=scope).get("x-request-id", "")
        if not (id and id.isascii() and id.isprintable()):  # or it could forge lines of the log
            id = uuid.uuid4().hex
        id = id[:_MAX_ID_LENGTH]

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        async def send_counted(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = id
            sent += len(message.get("body", b""))
            await send(message)

        with self.metrics.open.track_inprogress():
            try:
                await self.app(scope, receive_counted, send_counted)
            finally:
                seconds = time.perf_counter() - start
                # The route, not the path: clients could create any number of time series with paths.
                route = getattr(scope.get("route"), "path", "none")
                self.metrics.requests.labels(route, str(status)).inc()
                self.metrics.seconds.labels(route).observe(seconds)
                if self.log:
                    client: Any = scope.get("client") or ("", 0)
                    line = {
                        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                        "id": id,
                        "client": client[0],
                        "method": scope["method"],
                        "path": scope["path"],
                        "status": status,
                        "milliseconds": round(1e3 * seconds, 2),
                        "bytes_in": received,
                        "bytes_out": sent,
                    }
                    print(json.dumps(line), file=sys.stderr, flush=True)
