"""What the server tells about itself: Prometheus metrics, and a line of JSON for each request."""

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

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_MOST_ID_CHARACTERS = 64


class Metrics:
    """The counters of one application; of all workers together, where there are several.

    Those have `PROMETHEUS_MULTIPROC_DIR` set before they start, and share what they count by files in that folder.
    """

    def __init__(self) -> None:
        self._folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "digitjax_requests", "Requests that were answered", ["route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "digitjax_request_seconds",
            "Seconds a request",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.open = Gauge(
            "digitjax_requests_open", "Requests in work", registry=self.registry, multiprocess_mode="livesum"
        )
        self.batches = Histogram(
            "digitjax_batch_pictures",
            "28x28 pictures classified together",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=self.registry,
        )
        self.digits = Counter(
            "digitjax_digits", "Digits found in pictures", ["rejected"], registry=self.registry
        )

    def text(self) -> bytes:
        """Return all of them in the text format of Prometheus."""
        if not self._folder:
            return generate_latest(self.registry)
        for file in Path(self._folder).glob("gauge_live*.db"):
            if not psutil.pid_exists(int(file.stem.rpartition("_")[2])):
                file.unlink(missing_ok=True)  # the requests that a worker had open when it was killed
        registry = CollectorRegistry()
        MultiProcessCollector(registry, self._folder)
        return generate_latest(registry)


class MetricsMiddleware:
    """Counts each request and logs it; answers carry its id in `X-Request-ID`."""

    def __init__(self, app: ASGIApp, metrics: Metrics, log: bool):
        self.app = app
        self.metrics = metrics
        self.log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and tell how it went."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        start, status, sent, taken = time.perf_counter(), 499, 0, 0  # 499: the client left, as nginx says it
        asked = Headers(scope=scope).get("x-request-id", "")
        id = asked if asked.isascii() and asked.isprintable() and asked else uuid.uuid4().hex
        id = id[:_MOST_ID_CHARACTERS]

        async def receive_counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
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
                # The route and not the path: there are as many paths as clients make up.
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
                        "bytes_in": taken,
                        "bytes_out": sent,
                    }
                    print(json.dumps(line), file=sys.stderr, flush=True)
