"""What is kept out: bodies that are too large or come too slowly, and those who have no key."""

import asyncio
import secrets

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BYTES = 60_000_000
"""Bytes of a request, all its files together."""
MAX_FILES = 16
"""Files of a request."""
UPLOAD_SECONDS = 60.0
"""Seconds in which a request must have come in whole."""
OPEN_PATHS = ("/health", "/v2/health/live", "/v2/health/ready", "/metrics")
"""What is answered without a key: it tells nothing about pictures."""


class BodyLimits:
    """Refuses a body above a size as it comes in, whatever its Content-Length says, and one that comes too slowly.

    Starlette's own limit answers in plain text; this one in the form of every other refusal.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, seconds: float):
        self.app = app
        self.max_bytes = max_bytes
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with a limit on what it may receive."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        declared, received, whole = int(Headers(scope=scope).get("content-length", 0)), 0, False
        end = asyncio.get_running_loop().time() + self.seconds

        async def receive_within_limits() -> Message:
            nonlocal received, whole
            if whole:
                return await receive()  # that the client has gone
            if declared <= self.max_bytes:
                try:
                    async with asyncio.timeout_at(end):
                        message = await receive()
                except TimeoutError:
                    raise HTTPException(
                        408, f"the body did not come in within {self.seconds:g} seconds: send it faster"
                    ) from None
                received += len(message.get("body", b""))
                whole = not message.get("more_body", False)
                if received <= self.max_bytes:
                    return message
            raise HTTPException(
                413, f"the body is larger than {self.max_bytes:,} bytes: send fewer or smaller pictures"
            )

        return await self.app(scope, receive_within_limits, send)


class ApiKeyMiddleware:
    """Answers those alone who send the key as `Authorization: Bearer KEY`."""

    def __init__(self, app: ASGIApp, key: str):
        self.app = app
        self.expected = f"Bearer {key}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            sent = Headers(scope=scope).get("authorization", "").encode()
            if not secrets.compare_digest(sent, self.expected):
                refusal = JSONResponse(
                    {"error": "a key is needed: send it as Authorization: Bearer KEY"},
                    401,
                    {"WWW-Authenticate": "Bearer"},
                )
                return await refusal(scope, receive, send)
        return await self.app(scope, receive, send)
