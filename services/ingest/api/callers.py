"""The caller of a request: its bearer token, and whether it may use the endpoint."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.ingest.api.context import ApiContext, get_context
from services.ingest.api.permissions import (
    BY_SCOPE,
    ENDPOINTS,
    OF_A_UNIT,
    describe_holders,
    list_permissions,
)
from services.ingest.api.problems import ProblemError
from services.ingest.handlers.acting import Act
from services.ingest.handlers.office.tokens import Caller, find_caller
from shared.database.engine import measure_clock_skew
from shared.logging import bind, log

_BEARER = HTTPBearer(
    auto_error=False,
    description="A token of the office; its scopes are read, report, manage and admin.",
)
_LONGEST = 200
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose token allows it."""

    request: Request
    context: ApiContext
    caller: Caller
    act: Act


async def check_permission(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> Call:
    """The call, if its caller has the permission that `api.permissions` names for the endpoint.

    Raises:
        ProblemError: 401 without a valid token; 403 when it lacks the permission; 503 for a change
            while this machine's clock is wrong, since the change would be stored with a wrong
            instant.
    """
    context = get_context(request)
    token = credentials.credentials if credentials else ""
    caller = None
    skew = timedelta(0)
    if token and len(token) <= _LONGEST:
        async with context.engine.connect() as db:
            caller = await find_caller(db, token)
            if request.method not in _READS:
                skew = await measure_clock_skew(db, context.clock)
    if caller is None:
        raise ProblemError(
            401,
            "unauthorized",
            "The request has no valid token.",
            "Send the header `Authorization: Bearer …`.",
            {"WWW-Authenticate": 'Bearer realm="cuiban"'},
        )
    bind(office_id=str(caller.office_id))  # each request is a task of its own
    _require_permission(request, caller)
    if abs(skew) > context.settings.clock_skew:
        raise _make_clock_problem(skew)
    act = Act(
        office_id=caller.office_id,
        actor=caller.name,
        now=context.clock.now(),
        correlation_id=request.scope["cuiban.correlation_id"],
        unit_id=caller.unit_id,
    )
    return Call(request, context, caller, act)


Permitted = Annotated[Call, Depends(check_permission)]
"""The parameter of an endpoint whose caller must have the endpoint's permission."""


def _require_permission(request: Request, caller: Caller) -> None:
    needed = ENDPOINTS[f"{request.method} {request.scope['route'].path}"]
    granted = (BY_SCOPE[scope] for scope in caller.scopes)
    if needed in list_permissions(granted, of_unit=caller.unit_id is not None):
        return
    log(__name__).warning("http.forbidden", token_id=str(caller.token_id), needs=needed.value)
    if caller.unit_id is not None and needed not in OF_A_UNIT:
        raise ProblemError(
            403,
            "forbidden",
            "A token of a unit can't do this: it concerns the office alone.",
            "Use a token that is not bound to a unit.",
        )
    raise ProblemError(
        403,
        "forbidden",
        f"The token lacks the permission {needed.value}.",
        describe_holders(needed),
    )


def _make_clock_problem(skew: timedelta) -> ProblemError:
    log(__name__).error("http.clock_not_trusted", skew=str(skew), hint="Set the clock right (NTP).")
    return ProblemError(
        503,
        "clock-wrong",
        "This server's clock and the database's differ, so nothing can be changed here now.",
        "Ask again later, or another server; an operator sets the clock right.",
        {"Retry-After": "30"},
    )
