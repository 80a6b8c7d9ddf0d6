"""The HTTP application, put together."""

from typing import Any

from fastapi import FastAPI

from services.ingest.api import audit, ledger, offices, plans, problems, revisions, units
from services.ingest.api.boundary import Boundary
from services.ingest.api.parts import Parts
from shared.api.problems import Problem

_ABOUT = """
Import a year's task table (任务分解表), settle what is doubtful, publish it, and see what each
unit owes and was told.

Every request carries `Authorization: Bearer …`. Every POST takes an `Idempotency-Key`: the same
request with the same key is carried out once and answered alike. Lists come in parts with a
cursor. Every error is `application/problem+json` (RFC 9457).
"""
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in {
        400: "The request can't be read.",
        401: "There is no valid token.",
        403: "The token does not allow it.",
        404: "There is nothing here.",
        409: "The present state does not allow it.",
        413: "The request is too large.",
        422: "The request can't be carried out as it is.",
        500: "A fault of the program; the log has it under the correlation id.",
        503: "The database does not answer now. Try again.",
    }.items()
}


def application(parts: Parts) -> FastAPI:
    """The API over these parts. Its description is at /v1/openapi.json.

    The interactive pages of FastAPI are off: they load scripts from elsewhere, which an office's
    network does not reach.
    """
    app = FastAPI(
        title="Cuiban 催办",
        version="1",
        description=_ABOUT,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=_PROBLEMS,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.parts = parts
    for part in (plans, revisions, units, ledger, offices, audit):
        app.include_router(part.ROUTER)
    problems.install(app)
    app.add_middleware(Boundary, settings=parts.settings)
    _say_problem(app.openapi())
    return app


def _say_problem(description: dict[str, Any]) -> None:
    """Name the media type that errors really have; FastAPI knows one for all answers."""
    for path in description["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    answer["content"]["application/problem+json"] = answer["content"].pop(
                        "application/json"
                    )
