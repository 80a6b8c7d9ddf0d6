"""Builds the HTTP application."""

import threading
import warnings
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic.warnings import UnsupportedFieldAttributeWarning
from typing_extensions import override

from services.ingest.api import (
    audit,
    calendars,
    dead_letters,
    directory_changes,
    evidence,
    feeds,
    forecast,
    gateways,
    hearings,
    holds,
    ledger,
    links,
    me,
    messages,
    mutes,
    obligations,
    offices,
    openid,
    phone_list,
    plans,
    problems,
    proofs,
    proposals,
    reachability,
    receipts,
    replies,
    reports,
    revisions,
    rule_books,
    rule_drafts,
    sessions,
    settings,
    templates,
    units,
    users,
    views,
    waiting,
    why,
)
from services.ingest.api.boundary import Boundary
from services.ingest.api.context import ApiContext
from services.ingest.api.endpoint_permissions import ENDPOINTS, check_endpoints
from services.ingest.api.parameters import list_known, refuse_unknown_parameters
from shared.api.problems import Problem
from shared.tracing.http_requests import NO_TELEMETRY

_ABOUT = """
Import a year's task table (任务分解表), settle what is doubtful, publish it, and see what each
unit owes and was sent.

Every request carries `Authorization: Bearer …`; `x-permission` names the permission that its token
needs. Every POST takes an `Idempotency-Key`: the same
request with the same key is carried out once and answered alike. Lists come in parts with a
cursor. Every error is `application/problem+json` (RFC 9457).
"""
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": text,
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    for status, text in {
        400: "The request can't be parsed.",
        401: "There is no valid token.",
        403: "The token does not allow it.",
        404: "Not found.",
        409: "The state of the resource does not allow it.",
        413: "The request is too large.",
        422: "The request is not valid.",
        410: "The link has expired.",
        429: "Too many failed sign-ins, or too many tests of gateways. Wait.",
        500: "An error in the program; the log has it under the correlation id.",
        503: "The database does not answer now. Try again.",
    }.items()
}
"""Refers to a schema that `_add_problem_schema` adds: a model here is built for each endpoint."""

_AREAS = (
    *(plans, revisions, directory_changes, reachability, units, proposals, ledger),
    *(obligations, evidence, hearings, waiting, views, reports, feeds, offices, receipts),
    *(phone_list, messages, replies, gateways, holds, dead_letters),
    *(calendars, settings, forecast, rule_books, rule_drafts, mutes, why, templates),
    *(users, sessions, openid, links, me, audit, proofs),
)

# FastAPI ignores it too, but only while it makes the adapters; ours are built at their first use
# (`defer_build` of `shared.api.fields`).
warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)
_DESCRIBING = threading.Lock()
"""Several threads may ask for the description; the second one gets the whole."""


def create_application(context: ApiContext) -> FastAPI:
    """The API. Its description is at /v1/openapi.json.

    It is not made when an endpoint has no permission (`api.permissions`).

    The interactive pages of FastAPI are off: they load scripts from the internet, which an
    office's network may not reach.
    """
    app = _Application(
        title="Cuiban 催办",
        version="1",
        description=_ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        responses=_PROBLEMS,
        dependencies=[Depends(refuse_unknown_parameters)],
        generate_unique_id_function=lambda route: route.name,
        telemetry=NO_TELEMETRY,
    )
    app.state.context = context
    for module in _AREAS:
        app.include_router(module.ROUTER)
    problems.install(app)
    app.add_middleware(Boundary)
    app.add_route("/v1/openapi.json", _describe, include_in_schema=False)
    known = list_known(app)
    check_endpoints(f"{method} {path}" for method, path in known)
    app.state.parameters = known
    return app


class _Application(FastAPI):
    """Its description is made when it is first asked for: that takes seconds."""

    @override
    def openapi(self) -> dict[str, Any]:
        with _DESCRIBING:
            if self.openapi_schema is None:
                description = super().openapi()
                _add_problem_schema(description)
                _describe_permissions(description)
            return super().openapi()


def _describe(request: Request) -> JSONResponse:
    """The description; made in a thread, so that other requests go on."""
    return JSONResponse(request.app.openapi())


def _add_problem_schema(description: dict[str, Any]) -> None:
    description["components"]["schemas"]["Problem"] = Problem.model_json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )


def _describe_permissions(description: dict[str, Any]) -> None:
    """Name in each operation the permission that it needs, as `x-permission`."""
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            if permission := ENDPOINTS.get(f"{method.upper()} {path}"):
                operation["x-permission"] = permission.value
