"""The HTTP protocol of the server: uvicorn's, with limits on the headers, which it reads before any application."""

import json
from http import HTTPStatus
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEADER_BYTES = 32_768
"""Maximum size of the request line and headers of a request, and of its trailers, in bytes."""
HEADER_SECONDS = 10.0
"""Maximum time to receive the headers of a request, and the rest of a body that has been refused, in seconds."""
MAX_PIPELINED = 16
"""Maximum number of requests of one connection that wait for the response to an earlier one."""
_PIECE = 4096  # bytes that the parser gets at once


class BoundedProtocol(HttpToolsProtocol):
    """One connection, whose headers are bounded in size and time, and which may be half-closed by the client."""

    header_seconds = HEADER_SECONDS

    def connection_made(self, transport: Any) -> None:
        """Start the time limit of the first headers."""
        super().connection_made(transport)
        self._part: Literal["start", "headers", "body"] = "start"  # of a request, that the parser is in
        self._has_advanced = False  # a part of a request has ended, or a part of a body has arrived
        self._header_bytes = 0  # since then
        self._deadline: Any = None  # handle of a timer of asyncio or uvloop
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._cancel_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what was received piece by piece, and refuse headers that are too large."""
        for start in range(0, len(data), _PIECE):
            if self.transport.is_closing():
                return
            piece = data[start : start + _PIECE]
            self._has_advanced = False
            super().data_received(piece)
            self._header_bytes = 0 if self._has_advanced else self._header_bytes + len(piece)
            if self._header_bytes > MAX_HEADER_BYTES:
                self._refuse(431, f"the headers are larger than {MAX_HEADER_BYTES:,} bytes: send fewer")
            elif self._header_bytes and self._part == "start":
                self._start_deadline()  # empty lines

    def eof_received(self) -> bool:
        """Keep a connection on which the client has sent all it wanted until the last response is sent."""
        if self.cycle is None or self.cycle.response_complete or self.cycle.more_body:
            return False
        self.cycle.keep_alive = False
        return True

    # ------------------------------------------------------------------------- callbacks of the parser

    def on_message_begin(self) -> None:
        """Begin a request, unless too many wait; the parser turns the error into the response 400."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise ValueError("too many pipelined requests")
        self._part = "headers"
        self._start_deadline()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin the body."""
        self._has_advanced, self._part = True, "body"
        self._cancel_deadline()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Receive a part of a body."""
        self._has_advanced = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._has_advanced, self._part = True, "start"
        self._cancel_deadline()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """End a response; if it refused a body, the client has some time to notice, and to read it."""
        super().on_response_complete()
        if self._part == "body" and self.cycle.response_complete:
            self._start_deadline()

    # ----------------------------------------------------------------------------------------- limits

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.header_seconds, self._expire)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        self._deadline = None
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False  # the unfinished headers are those of a further request
        elif self._part == "headers":
            reason = f"the headers were not received within {self.header_seconds:g} seconds: send them faster"
            self._refuse(408, reason)
        else:
            self.transport.close()

    def _refuse(self, status: int, reason: str) -> None:
        """Close the connection, after a response in the format of all others unless another is due."""
        if self.cycle is None or self.cycle.response_complete:
            body = json.dumps({"error": reason})
            self.transport.write(
                f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
            )
        self.transport.close()
