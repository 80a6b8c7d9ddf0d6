"""Every error as problem+json (RFC 9457), without what is inside."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from services.ingest.documents.errors import DocumentError
from services.ingest.handlers.acting import Fault, RefusedError
from shared.api.problems import Problem
from shared.outbox.publishing import TooLargeError

_MOST = 100
_UNSTORABLE = ("22", "54")
"""SQLSTATE classes: a value that PostgreSQL refuses, and one over its limits."""
_STATUS = {
    Fault.NOT_FOUND: (404, "There is nothing here"),
    Fault.CONFLICT: (409, "The present state does not allow it"),
    Fault.INVALID: (422, "The request can't be carried out as it is"),
    Fault.FORBIDDEN: (403, "The token does not allow it"),
}


class ProblemError(Exception):
    """A refusal of the API itself, before or after a handler."""

    def __init__(
        self,
        status: int,
        name: str,
        detail: str,
        hint: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.name, self.detail, self.hint = status, name, detail, hint
        self.headers = dict(headers or {})


def problem(
    status: int,
    name: str,
    detail: str,
    *,
    title: str = "",
    hint: str = "",
    errors: Sequence[Mapping[str, Any]] = (),
    correlation_id: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as a response. Texts that are no Unicode are mended, never a reason to fail."""
    told = Problem(
        type=f"urn:cuiban:problem:{name}",
        title=title or HTTPStatus(status).phrase,
        status=status,
        detail=_plain(detail),
        hint=_plain(hint),
        errors=[{key: _mended(value) for key, value in row.items()} for row in errors],
        correlation_id=correlation_id,
    )
    return Response(
        told.model_dump_json(), status, headers=headers, media_type="application/problem+json"
    )


def _plain(value: str) -> str:
    return value.encode("utf-8", "replace").decode()[:1000]


def _mended(value: object) -> object:
    return _plain(value) if isinstance(value, str) else value


def _correlation(request: Request) -> str:
    return str(request.scope.get("cuiban.correlation_id", ""))


async def _problem(request: Request, error: ProblemError) -> Response:
    return problem(
        error.status,
        error.name,
        error.detail,
        hint=error.hint,
        headers=error.headers,
        correlation_id=_correlation(request),
    )


async def _refused(request: Request, error: RefusedError) -> Response:
    status, title = _STATUS[error.fault]
    return problem(
        status,
        error.fault.value,
        error.message,
        title=title,
        hint=error.hint,
        errors=error.details,
        correlation_id=_correlation(request),
    )


async def _document(request: Request, error: DocumentError) -> Response:
    return problem(
        422,
        f"document-{error.code.value}",
        error.message,
        title="The document can't be read",
        errors=[{"code": error.code.value, "message": error.message}],
        correlation_id=_correlation(request),
    )


async def _large(request: Request, error: TooLargeError) -> Response:
    return problem(
        422,
        "too-large",
        error.message,
        hint="Shorten its texts, or divide it.",
        correlation_id=_correlation(request),
    )


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    rows = [
        {"where": ".".join(map(str, row["loc"])), "message": str(row["msg"])}
        for row in error.errors()[:_MOST]
    ]
    return problem(
        422,
        "invalid",
        "Some of the request is not as it must be.",
        hint="`errors` names each place.",
        errors=rows,
        correlation_id=_correlation(request),
    )


async def _http(request: Request, error: HTTPException) -> Response:
    name = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    return problem(
        error.status_code,
        name,
        str(error.detail),
        headers=error.headers,
        correlation_id=_correlation(request),
    )


async def _database(request: Request, error: DBAPIError) -> Response:
    """A value that PostgreSQL refuses is the sender's matter; any other error is not."""
    if not (getattr(error.orig, "sqlstate", None) or "").startswith(_UNSTORABLE):
        raise error
    return problem(
        422,
        "invalid",
        "The request holds a value that can't be stored.",
        hint="Leave out control characters and keep numbers and dates within reason.",
        correlation_id=_correlation(request),
    )


_HANDLERS: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
    ProblemError: _problem,
    RefusedError: _refused,
    DocumentError: _document,
    TooLargeError: _large,
    RequestValidationError: _invalid,
    HTTPException: _http,
    DBAPIError: _database,
}


def install(app: FastAPI) -> None:
    """Let the application tell its errors as problems."""
    for kind, handler in _HANDLERS.items():
        app.exception_handler(kind)(handler)
