"""The outermost layer: size limits, correlation ids, a log line, and an answer to each error."""

import re
from uuid import UUID, uuid4

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.ingest.api.problems import make_problem
from services.ingest.settings import IngestSettings
from services.ingest.store.row_security import without_office
from shared.clock import monotonic
from shared.database.engine import is_infrastructure
from shared.logging import bound, log
from shared.tracing.http_requests import name_request, open_request_span

_UPLOADS = re.compile(r"/v1/(?:plans(?:/[^/]*/revisions)?|units/import)/*")
_EVIDENCE = re.compile(r"/v1/obligations/[^/]*/files/*")
_SECRET = re.compile(r"((?:/v1/feeds|/v1/links|/v1/receipts/[^/]+|/u)/)(?!(?:open|renew)$).+")
"""An address that is itself a secret; the log has it without."""
_PROTECTION = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""On every answer, unless an endpoint sets its own: a browser that opens one runs nothing of it."""
_ENVELOPE = 64 * 1024  # bytes of a multipart body besides the file


class Boundary:
    """Wraps an application. A body that is too large is refused before it is kept in memory."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; an error inside is answered as a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        correlation = _parse_correlation_id(headers.get("x-correlation-id", ""))
        scope["cuiban.correlation_id"] = correlation
        limit = _find_limit(scope)
        began, answered = monotonic(), [0]

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered[0] = message["status"]
                _set_headers(MutableHeaders(scope=message), scope, correlation)
            await send(message)

        with (
            bound(correlation_id=str(correlation)),
            open_request_span(scope, correlation) as span,
            without_office(),
        ):
            try:
                limited = _limit_body(receive, limit, _parse_length(headers))
                await self._app(scope, limited, send_with_id)
            except Exception as error:
                if answered[0]:
                    raise
                await _answer(error, str(correlation))(scope, receive, send_with_id)
            name_request(span, scope, answered[0])
            log(__name__).info(
                "http.answered",
                method=scope["method"],
                path=_SECRET.sub(r"\1…", scope["path"]),
                status=answered[0],
                milliseconds=round((monotonic() - began) * 1000, 1),
            )


def _set_headers(headers: MutableHeaders, scope: Scope, correlation: UUID) -> None:
    headers["X-Correlation-Id"] = str(correlation)
    for name, value in _PROTECTION.items():
        headers.setdefault(name, value)
    if scope.get("scheme") == "https":  # optional in ASGI
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")


def _find_limit(scope: Scope) -> int:
    """The bytes that the body of a request may have."""
    settings: IngestSettings = scope["app"].state.context.settings
    if scope["method"] == "POST" and _UPLOADS.fullmatch(scope["path"]):
        return settings.document_limit + _ENVELOPE
    if scope["method"] == "POST" and _EVIDENCE.fullmatch(scope["path"]):
        return settings.evidence_limit + _ENVELOPE
    return settings.body_limit


def _parse_correlation_id(sent: str) -> UUID:
    try:
        return UUID(sent)
    except ValueError:
        return uuid4()


def _parse_length(headers: Headers) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0  # noqa: PLR2004 - 64 bits


def _limit_body(receive: Receive, limit: int, announced: int) -> Receive:
    """A source of the body that fails at the limit, or at once if its length is over the limit."""
    seen = 0

    async def receive_counted() -> Message:
        nonlocal seen
        if announced > limit:
            raise _make_too_large(limit)
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise _make_too_large(limit)
        return message

    return receive_counted


def _make_too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"请求超过 {limit} 字节。The request is larger than {limit} bytes.")


def _answer(error: Exception, correlation: str) -> ASGIApp:
    if isinstance(error, ClientDisconnect):  # nobody reads the answer
        log(__name__).info("http.aborted")
        return make_problem(400, "aborted", "请求中途断开。The request ended too early.")
    if isinstance(error, HTTPException):
        return make_problem(
            error.status_code,
            "request-too-large",
            str(error.detail),
            correlation_id=correlation,
        )
    if is_infrastructure(error):
        kind = type(error).__name__
        log(__name__).warning("http.unavailable", kind=kind, error=str(error)[:300])
        return make_problem(
            503,
            "unavailable",
            "服务暂时无法处理：数据库不可用或内存不足。"
            "The service can't answer now: its database is away, or it has too little memory.",
            hint="请稍后重试。Try again in a moment (with the same `Idempotency-Key`).",
            headers={"Retry-After": "2"},
            correlation_id=correlation,
        )
    log(__name__).error("http.failed", exc_info=error)
    return make_problem(
        500,
        "internal",
        "服务程序出错，请求未能处理。"
        "The service failed on this request because of an error in the program.",
        hint="请把 correlation_id 告知运维人员。"
        "Send the correlation id to the operator: the log has the error under it.",
        correlation_id=correlation,
    )
