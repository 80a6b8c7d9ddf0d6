"""Refuses query parameters that an endpoint does not have.

An ignored filter answers with too much, and nobody notices: `?unit=…` misspelt lists all units.
"""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute, iter_route_contexts

from services.ingest.api.problems import ProblemError

Known = Mapping[tuple[str, str], frozenset[str]]
"""The query parameters of each method and path."""


def list_known(app: FastAPI) -> Known:
    """The query parameters of each endpoint, those of its dependencies included.

    They are read from the routes: making the whole description takes seconds.
    """
    return {
        (method, str(route.path_format)): frozenset(
            field.alias
            for field in get_flat_params(route.dependant)
            if isinstance(field.field_info, Query)
        )
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute)
        for method in route.methods or ()
    }


async def refuse_unknown_parameters(request: Request) -> None:
    """Make sure that the endpoint has each query parameter of the request.

    Raises:
        ProblemError: 422; it names the unknown ones, and those that there are.
    """
    known: Known = request.app.state.parameters
    method = "GET" if request.method == "HEAD" else request.method
    names = known.get((method, request.scope["route"].path_format), frozenset())
    unknown = sorted(set(request.query_params) - names)
    if unknown:
        shown = "、".join(name[:50] for name in unknown[:10])
        there_are = "、".join(sorted(names)) or "无 (none)"
        raise ProblemError(
            422,
            "unknown-parameter",
            f"没有查询参数 {shown}。There is no such query parameter.",
            f"可用参数 (there are): {there_are}",
        )
