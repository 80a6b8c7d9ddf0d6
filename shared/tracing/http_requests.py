"""The span of an HTTP request that a process serves, and the header that goes on with its trace."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi.telemetry import TelemetryConfig
from starlette.datastructures import Headers
from starlette.types import Scope

from shared.tracing.context import clean_context
from shared.tracing.spans import Kind, TraceSpan, get_traceparent, is_traced, open_span

HEADER = "traceparent"
NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
"""Turns off what FastAPI records by itself: paths, queries, and the texts of errors."""
_FAULT = 500
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER = "_OTHER"
"""OpenTelemetry's word for a method that is not known: it is whatever a caller wrote."""


@contextmanager
def open_request_span(
    scope: Scope, correlation_id: object, *, begins: bool = False
) -> Iterator[TraceSpan]:
    """A span around a request, below the one that the request's `traceparent` names.

    With `begins` it begins a trace whatever the request names: for a process that anybody may ask.
    Call `name_request` once the request is answered. The span has the route, such as
    `/v1/obligations/{obligation_id}`, and not the path: some paths are secrets.
    """
    sent = ""
    if is_traced() and not begins:
        sent = clean_context(Headers(scope=scope).get(HEADER, ""))
    method = _get_method(scope)
    attributes = {
        "http.request.method": method,
        "cuiban.correlation_id": str(correlation_id),
    }
    with open_span(method, Kind.SERVER, attributes, parent=sent) as span:
        yield span


def name_request(span: TraceSpan, scope: Scope, status: int) -> None:
    """Name a request's span by its route, and note the status of its answer."""
    if not is_traced():
        return
    route: Any = scope.get("route")
    path = getattr(route, "path_format", "") or getattr(route, "path", "")
    if path:
        span.rename(f"{_get_method(scope)} {path}")
        span.note({"http.route": path})
    span.note({"http.response.status_code": status})
    if status >= _FAULT:
        span.fail(str(status))


def _get_method(scope: Scope) -> str:
    method = str(scope["method"])
    return method if method in _METHODS else _OTHER


def list_trace_headers() -> dict[str, str]:
    """The headers by which a request that this task sends goes on with its trace."""
    current = get_traceparent()
    return {HEADER: current} if current else {}
