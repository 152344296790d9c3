"""Middleware that refuses requests that are too large or too slow."""

import asyncio

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BYTES = 60_000_000
"""Maximum size of a request with all its files, in bytes."""
MAX_FILES = 16
"""Maximum number of files of a request."""
MAX_HELD_BODIES = 2
"""Maximum number of bodies of the maximum size that are held at once, over all connections of a process."""
UPLOAD_SECONDS = 60.0
"""Maximum time to receive a request, in seconds."""


class BodyLimitMiddleware:
    """Refuses request bodies that are too large, arrive too slowly, or exceed together what is held at once.

    The size is that of the bytes received, whatever Content-Length declares: a client that declares many and sends none
    keeps nobody out. Starlette's own limit answers in plain text, this one in JSON like every other error.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, seconds: float):
        """Wrap an application.

        Args:
            app: the application.
            max_bytes: maximum size of a body, in bytes.
            seconds: maximum time to receive a body, in seconds.
        """
        self.app = app
        self.max_bytes = max_bytes
        self.seconds = seconds
        self.held = 0
        """Bytes of all bodies of which the request is not answered yet."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, limiting what the application receives (ASGI).

        Args:
            scope: connection scope.
            receive: channel of incoming messages.
            send: channel of outgoing messages.
        """
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        declared, received, complete = int(Headers(scope=scope).get("content-length", 0)), 0, False
        deadline = asyncio.get_running_loop().time() + self.seconds

        def require_space(size: int) -> None:
            if received + size > self.max_bytes:
                raise HTTPException(
                    413, f"the body is larger than {self.max_bytes:,} bytes: send fewer or smaller pictures"
                )
            if self.held + size > MAX_HELD_BODIES * self.max_bytes:
                reason = "the server holds all the pictures that it can: send the request again later"
                raise HTTPException(503, reason, {"Retry-After": "1"})

        async def receive_within_limits() -> Message:
            nonlocal received, complete
            if complete:
                return await receive()  # the disconnect of the client
            require_space(max(0, declared - received))
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(
                    408, f"the body was not received within {self.seconds:g} seconds: send it faster"
                ) from None
            if message["type"] == "http.disconnect":
                # nginx's code; raised here, as frameworks log what they raise themselves with a traceback
                raise HTTPException(499, "the client closed the connection")
            size = len(message.get("body", b""))
            require_space(size)
            self.held, received = self.held + size, received + size
            complete = not message.get("more_body", False)
            return message

        try:
            await self.app(scope, receive_within_limits, send)
        finally:
            self.held -= received
