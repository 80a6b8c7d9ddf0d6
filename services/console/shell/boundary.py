"""The outermost layer: headers that protect pages, correlation ids, a log line for each request."""

import re
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

from fastapi import Request, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.clock import monotonic
from shared.logging import bound, log
from shared.tracing.http_requests import name_request, open_request_span

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; object-src 'none'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every answer, unless a page sets its own."""
_STATIC_AGE = "public, max-age=31536000, immutable"
_SECRET = re.compile(r"(/u/).+")
"""An address that is itself a secret; the log has it without."""


class PageBoundary:
    """Wraps an application. `answer_fault` makes the page for an error of the program."""

    def __init__(
        self, app: ASGIApp, answer_fault: Callable[[Request, Exception], Awaitable[Response]]
    ) -> None:
        self._app, self._answer_fault = app, answer_fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, and log its path, status and time."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        correlation = _parse_correlation_id(Headers(scope=scope).get("x-correlation-id", ""))
        scope["cuiban.correlation_id"] = correlation
        began, answered = monotonic(), [0]

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered[0] = message["status"]
                _set_headers(MutableHeaders(scope=message), scope, correlation)
            await send(message)

        with (
            bound(correlation_id=correlation),
            open_request_span(scope, correlation, begins=True) as span,
        ):
            try:
                await self._app(scope, receive, send_protected)
            except Exception as error:
                if answered[0]:
                    raise
                log(__name__).error("page.failed", exc_info=error)
                page = await self._answer_fault(Request(scope, receive), error)
                await page(scope, receive, send_protected)
            finally:
                name_request(span, scope, answered[0])
                log(__name__).info(
                    "page.answered",
                    method=scope["method"],
                    path=_SECRET.sub(r"\1…", scope["path"]),
                    status=answered[0],
                    milliseconds=round((monotonic() - began) * 1000, 1),
                )


def _set_headers(headers: MutableHeaders, scope: Scope, correlation: str) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    is_static = scope["path"].startswith("/static/") and b"v=" in scope["query_string"]
    headers.setdefault("Cache-Control", _STATIC_AGE if is_static else "no-store")
    if scope.get("scheme") == "https":  # optional in ASGI
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    headers["X-Correlation-Id"] = correlation


def _parse_correlation_id(sent: str) -> str:
    try:
        return str(UUID(sent))
    except ValueError:
        return str(uuid4())
