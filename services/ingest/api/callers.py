"""The caller of a request: its bearer token, and what the token's scopes allow."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.ingest.api.context import ApiContext, get_context
from services.ingest.api.problems import ProblemError
from services.ingest.handlers.acting import Act
from services.ingest.handlers.office.tokens import Caller, Scope, find_caller
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


def needs(*scopes: Scope, of_office: bool = False) -> Callable[..., Awaitable[Call]]:
    """A dependency: the call, if its token has one of `scopes`.

    With `of_office` the token of a unit is refused.

    Raises:
        ProblemError: 401 without a valid token; 403 when it has none of the scopes, or is a
            unit's; 503 for a change while this machine's clock is wrong, since the change would be
            stored with a wrong instant.
    """

    async def check_token(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> Call:
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
        if caller.scopes.isdisjoint(scopes):
            named = " or ".join(scope.value for scope in scopes)
            log(__name__).warning("http.forbidden", token_id=str(caller.token_id), needs=named)
            raise ProblemError(403, "forbidden", f"The token lacks the scope {named}.")
        if of_office and caller.unit_id is not None:
            log(__name__).warning("http.forbidden", token_id=str(caller.token_id), needs="office")
            raise ProblemError(
                403,
                "forbidden",
                "A token of a unit can't do this: it concerns the office alone.",
                "Use a token that is not bound to a unit.",
            )
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

    return check_token


Reads = Annotated[Call, Depends(needs(Scope.READ))]
Reports = Annotated[Call, Depends(needs(Scope.REPORT))]
OfficeReads = Annotated[Call, Depends(needs(Scope.READ, of_office=True))]
OfficeReports = Annotated[Call, Depends(needs(Scope.REPORT, of_office=True))]
Manages = Annotated[Call, Depends(needs(Scope.MANAGE))]
Admins = Annotated[Call, Depends(needs(Scope.ADMIN))]


def _make_clock_problem(skew: timedelta) -> ProblemError:
    log(__name__).error("http.clock_not_trusted", skew=str(skew), hint="Set the clock right (NTP).")
    return ProblemError(
        503,
        "clock-wrong",
        "This server's clock and the database's differ, so nothing can be changed here now.",
        "Ask again later, or another server; an operator sets the clock right.",
        {"Retry-After": "30"},
    )
