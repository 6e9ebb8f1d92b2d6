"""Checks around every request, as ASGI middleware: host, origin, token, size of the body, headers, log lines and metrics."""

from __future__ import annotations

import contextlib
import hmac
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tsattn.data.names import printable
from tsattn.serve.config import MB, ServeConfig
from tsattn.serve.metrics import Metrics
from tsattn.serve.pool import Busy
from tsattn.serve.worker import error_document

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN = ("/", "/page.css", "/page.js", "/health")  # without a token: nothing in them is secret
ROUTES = (*OPEN, "/forecast", "/models", "/metrics", "/openapi.json")
HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
        b" base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class BodyTooLarge(Exception):
    """Error for a body that is longer than the server accepts."""


@dataclass(eq=False)
class Received:
    """Total bytes of the bodies of all unanswered requests, which limits the memory that they use."""

    bytes: int = 0

    @contextlib.contextmanager
    def counted(self, receive: Receive, config: ServeConfig) -> Iterator[Receive]:
        """Yield a `receive` that raises BodyTooLarge if the body is too long, and Busy if the bodies of all requests are."""
        got, most = 0, config.slots() * config.max_body

        async def limited() -> MutableMapping[str, Any]:
            nonlocal got
            message = await receive()
            size = len(message.get("body", b""))
            if got + size > config.max_body:
                raise BodyTooLarge
            if self.bytes + size > most:
                raise Busy("the server is busy: it is receiving too many large requests", "try again later")
            got, self.bytes = got + size, self.bytes + size
            return message

        try:
            yield limited
        finally:
            self.bytes -= got


@dataclass(frozen=True)
class Refusal:
    """Response sent without calling the application."""

    status: int
    kind: str
    message: str
    hint: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()

    async def send(self, send: Send) -> None:
        """Send it as JSON."""
        document = error_document(self.kind, self.message, self.hint)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(document)).encode()), *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": document})


@dataclass(frozen=True)
class Guard:
    """The middleware. `log` gets a line for every request."""

    app: App
    config: ServeConfig
    metrics: Metrics
    log: Callable[[str], None]
    received: Received = field(default_factory=Received)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no web sockets
            await send({"type": "websocket.close", "code": 1008})
            return
        began, seen = time.monotonic(), [500]

        async def answer(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                seen[0] = message["status"]
                given = {name.lower() for name, _ in message["headers"]}
                message = {**message, "headers": [*message["headers"], *(h for h in HEADERS if h[0] not in given)]}
            await send(message)

        try:
            refusal = self._refusal(scope)
            if refusal is None:
                with self.received.counted(receive, self.config) as limited:
                    await self.app(scope, limited, answer)
            else:
                await refusal.send(answer)
        finally:
            self._count(scope, seen[0], time.monotonic() - began)

    def _refusal(self, scope: Scope) -> Refusal | None:
        """Return the refusal of a request; None for a valid one."""
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = host_name(headers.get(b"host", ""))
        if self.config.hosts and host not in self.config.hosts:
            hint = f"start the server with --allow-host {host}" if host else "send the header Host"
            return Refusal(403, "Forbidden", f"the server does not answer to the host name {host!r}", hint)
        origin = headers.get(b"origin")
        if origin is not None and urlsplit(origin).netloc.lower() != headers.get(b"host", "").lower():
            return Refusal(403, "Forbidden", "requests from pages of other sites are refused")
        if scope["path"] not in OPEN and not self._has_token(headers.get(b"authorization", "")):
            hint = "send the header: Authorization: Bearer TOKEN"
            return Refusal(401, "Unauthorized", "the token is missing or wrong", hint, ((b"www-authenticate", b"Bearer"),))
        length = headers.get(b"content-length", "0")
        if not length.isdecimal() or int(length) > self.config.max_body:
            return too_large(self.config)
        return None

    def _has_token(self, header: str) -> bool:
        if self.config.token is None:
            return True
        kind, _, token = header.partition(" ")
        return kind.lower() == "bearer" and hmac.compare_digest(token.strip().encode("latin-1"), self.config.token.encode())

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        path, method = scope["path"], scope["method"]
        known = method if method in ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH") else "other"
        self.metrics.count(path if path in ROUTES else "other", known, status, seconds)
        client = (scope.get("client") or ("-",))[0]
        self.log(f"{client} {method} {path[:200]} {status} {1000 * seconds:.0f} ms")


def too_large(config: ServeConfig) -> Refusal:
    """Return the response to a body that is too long."""
    message = f"the request is larger than {config.max_body / MB:g} MB"
    return Refusal(413, "TooLarge", message, "send fewer rows, or Parquet; or start the server with a larger --max-body")


def host_name(header: str) -> str:
    """The name in a Host header, without the port, in lower case."""
    name = header.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0]


def line(text: str) -> str:
    """A log line: the time, and a text in which nothing can start a new line or move the cursor."""
    return f"{time.strftime('%Y-%m-%d %H:%M:%S')} {printable(text)}"
