"""Who may send requests: by the API key, by the name of the server, and from which web pages."""

import ipaddress
import os
import re
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from digitjax.errors import InputError

OPEN_PATHS = ("/health", "/v2/health/live", "/v2/health/ready", "/metrics")
"""Paths that need no API key: they reveal nothing about pictures."""
_ORIGIN = r"https?://[^\s/?#@,]+"


@dataclass(frozen=True)
class Access:
    """Who may send requests."""

    key: str = ""
    """API key that clients must send as `Authorization: Bearer KEY`; empty for none."""
    hosts: tuple[str, ...] = ()
    """Names by which clients may address the server besides localhost and IP addresses; `*` for any."""
    origins: tuple[str, ...] = ()
    """Origins, such as `https://example.org`, whose web pages may read responses (CORS); `*` for any."""

    def __post_init__(self) -> None:
        if not (self.key.isascii() and self.key.isprintable()) or " " in self.key:
            raise InputError(
                "DIGITJAX_API_KEY must consist of ASCII characters without blanks: choose another"
            )
        for host in self.hosts:
            if host != "*" and _host_name(host) != host.lower() and not _is_address(host):
                raise InputError(f"DIGITJAX_HOSTS: {host!r} must be the name of a host, such as example.org")
        for origin in self.origins:
            if origin != "*" and not re.fullmatch(_ORIGIN, origin):
                raise InputError(
                    f"DIGITJAX_CORS_ORIGINS: {origin!r} must be an origin, such as https://example.org"
                )

    @classmethod
    def from_environment(cls, host: str) -> "Access":
        """Return what DIGITJAX_API_KEY, DIGITJAX_HOSTS and DIGITJAX_CORS_ORIGINS say; lists are separated by commas.

        Args:
            host: address or name that the server listens on, by which clients may address it too.

        Raises:
            InputError: one of them is invalid.
        """
        key, hosts, origins = (
            os.environ.get(f"DIGITJAX_{name}", "") for name in ("API_KEY", "HOSTS", "CORS_ORIGINS")
        )
        return cls(key, (*_split(host), *_split(hosts)), _split(origins))


NO_KEY = Access()
"""Anyone who can connect and addresses the server as localhost or by its IP address, and no web pages."""


def _split(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())


def _host_name(host: str) -> str | None:
    """Return the name in a Host header, in lower case and without its port, or None if there is none."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class HostMiddleware:
    """Refuses requests to a server of another name.

    A web page could otherwise read responses: it only needs a domain name that it lets point to this machine after it
    was loaded (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...]):
        """Wrap an application.

        Args:
            app: the application.
            hosts: names that are allowed besides localhost and IP addresses; `*` for any.
        """
        self.app = app
        self.allowed = {"localhost", *(host.lower() for host in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it (ASGI).

        Args:
            scope: connection scope.
            receive: channel of incoming messages.
            send: channel of outgoing messages.
        """
        if scope["type"] == "http" and "*" not in self.allowed:
            for host in Headers(scope=scope).getlist("host"):  # browsers always send one
                name = _host_name(host)
                if name is None or not (name in self.allowed or _is_address(name)):
                    reason = f"host {host[:100]!r} is not allowed: add it to DIGITJAX_HOSTS where the server starts"
                    return await JSONResponse({"error": reason}, 421)(scope, receive, send)
        return await self.app(scope, receive, send)


class ApiKeyMiddleware:
    """Refuses requests without the header `Authorization: Bearer KEY`."""

    def __init__(self, app: ASGIApp, key: str):
        """Wrap an application.

        Args:
            app: the application.
            key: the API key.
        """
        self.app = app
        self.key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it (ASGI).

        Args:
            scope: connection scope.
            receive: channel of incoming messages.
            send: channel of outgoing messages.
        """
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            scheme, _, key = Headers(scope=scope).get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not secrets.compare_digest(key.strip().encode(), self.key):
                refusal = JSONResponse(
                    {"error": "an API key is required: send it as Authorization: Bearer KEY"},
                    401,
                    {"WWW-Authenticate": "Bearer"},
                )
                return await refusal(scope, receive, send)
        return await self.app(scope, receive, send)
