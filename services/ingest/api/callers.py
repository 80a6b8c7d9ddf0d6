"""The caller of a request: its bearer token, and whether it may use the endpoint."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.context import ApiContext, get_context
from services.ingest.api.endpoint_permissions import ENDPOINTS
from services.ingest.api.permissions import (
    BY_ROLE,
    BY_SCOPE,
    OF_A_UNIT,
    Permission,
    describe_holders,
    list_permissions,
)
from services.ingest.api.problems import REALM, ProblemError
from services.ingest.handlers.accounts import sessions
from services.ingest.handlers.acting import Act
from services.ingest.handlers.office import tokens
from services.ingest.handlers.office.tokens import Scope
from services.ingest.handlers.units import link_sessions
from services.ingest.store.row_security import serve_office
from services.ingest.store.sessions import SessionHolder
from shared.database.engine import measure_clock_skew
from shared.kafka.outbox import restored
from shared.logging import bind, log

_BEARER = HTTPBearer(
    auto_error=False,
    description="A token of the office, or of a session (POST /v1/sessions).",
)
_LONGEST = 200
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request: the holder of an API token, a signed-in person, or a unit's contact.

    Attributes:
        caller_id: of the token, the account, or the link's session; Idempotency-Keys belong to it.
        scopes: of a token.
        session: of a person.
    """

    caller_id: UUID
    office_id: UUID
    unit_id: UUID | None
    name: str
    permissions: frozenset[Permission]
    scopes: frozenset[Scope] = frozenset()
    session: SessionHolder | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose token allows it."""

    request: Request
    context: ApiContext
    caller: Caller
    act: Act

    @property
    def session(self) -> SessionHolder:
        """The session of the signed-in person, who alone has the permission `use-account`."""
        assert self.caller.session is not None  # noqa: S101 - no scope grants the permission
        return self.caller.session


async def check_permission(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> Call:
    """The call, if its caller has the permission that `api.permissions` names for the endpoint.

    Raises:
        ProblemError: 401 without a valid token; 403 when it lacks the permission; 503 for a change
            while this machine's clock is wrong, since the change would be stored with a wrong
            instant, or while a restore of the database is not accepted.
    """
    context = get_context(request)
    token = credentials.credentials if credentials else ""
    caller = None
    skew, is_restored = timedelta(0), False
    if token and len(token) <= _LONGEST:
        async with context.engine.begin() as db:
            caller = await find_caller(
                db, token, context.settings.session_idle, context.clock.now()
            )
            if request.method not in _READS:
                skew = await measure_clock_skew(db, context.clock)
                is_restored = await restored.is_open(db, "ingest")
    if caller is None:
        raise ProblemError(
            401,
            "unauthorized",
            "没有有效的令牌，或登录已失效。The request has no valid token.",
            "请重新登录，或使用有效的令牌（`Authorization: Bearer …`）。"
            "Sign in again, or use a valid token (`Authorization: Bearer …`).",
            {"WWW-Authenticate": REALM},
        )
    bind(office_id=str(caller.office_id))  # each request is a task of its own
    serve_office(caller.office_id)
    _require_permission(request, caller)
    if abs(skew) > context.settings.clock_skew:
        raise _make_clock_problem(skew)
    if is_restored:
        raise _make_restore_problem()
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


async def find_caller(
    db: AsyncConnection, token: str, idle: timedelta, now: datetime
) -> Caller | None:
    """Who has this token, of a session or of the API; None when it is not valid."""
    if token.startswith(link_sessions.PREFIX):
        return await _find_contact(db, token, now)
    if token.startswith(sessions.PREFIX):
        person = await sessions.find_holder(db, token, idle)
        if person is None:
            return None
        permissions = list_permissions([BY_ROLE[person.role]], of_unit=person.unit_id is not None)
        return Caller(
            person.user_id,
            person.office_id,
            person.unit_id,
            person.name,
            permissions,
            session=person,
        )
    holder = await tokens.find_holder(db, token)
    if holder is None:
        return None
    granted = [BY_SCOPE[scope] for scope in holder.scopes]
    permissions = list_permissions(granted, of_unit=holder.unit_id is not None)
    return Caller(
        holder.token_id, holder.office_id, holder.unit_id, holder.name, permissions, holder.scopes
    )


async def _find_contact(db: AsyncConnection, token: str, now: datetime) -> Caller | None:
    """The contact of a unit whom a link let in: like a token of the unit that reads and reports."""
    pair = await link_sessions.find_holder(db, token, now)
    if pair is None:
        return None
    session_id, contact = pair
    scopes = frozenset({Scope.READ, Scope.REPORT})
    permissions = list_permissions([BY_SCOPE[scope] for scope in scopes], of_unit=True)
    return Caller(
        session_id, contact.office_id, contact.unit_id, contact.actor, permissions, scopes
    )


def _require_permission(request: Request, caller: Caller) -> None:
    needed = ENDPOINTS[f"{request.method} {request.scope['route'].path}"]
    if needed in caller.permissions:
        return
    log(__name__).warning("http.forbidden", caller_id=str(caller.caller_id), needs=needed.value)
    who = "account" if caller.session else "token"
    if caller.unit_id is not None and needed not in OF_A_UNIT:
        raise ProblemError(
            403,
            "forbidden",
            "责任单位不能进行此操作，须由政务公开办办理。"
            f"The {who} of a unit can't do this: it concerns the office alone.",
            "请使用不限于某个单位的账号或令牌。"
            f"Use {'an account' if caller.session else 'a token'} that is not bound to a unit.",
        )
    hint = describe_holders(needed)
    if needed is Permission.APPROVE_RULES and caller.session is None:
        hint = (
            "令牌不能批准。请审批人登录控制台，在“规则”中打开这份草稿批准"
            "（`cuiban rules approve DRAFT --as NAME --password-stdin`）。"
            "A token can't approve. An approver signs in to the console, and approves the draft "
            "under Rules (`cuiban rules approve DRAFT --as NAME --password-stdin`)."
        )
    raise ProblemError(
        403,
        "forbidden",
        f"没有权限 {needed.value}。The {who} lacks the permission {needed.value}.",
        hint,
    )


def _make_clock_problem(skew: timedelta) -> ProblemError:
    log(__name__).error("http.clock_not_trusted", skew=str(skew), hint="Set the clock right (NTP).")
    return ProblemError(
        503,
        "clock-wrong",
        "服务器与数据库的时钟不一致，暂时不能修改。"
        "This server's clock and the database's differ, so nothing can be changed here now.",
        "请稍后再试，或联系运维人员校准时钟。"
        "Ask again later, or another server; an operator sets the clock right.",
        {"Retry-After": "30"},
    )


def _make_restore_problem() -> ProblemError:
    return ProblemError(
        503,
        "database-restored",
        "数据库已从备份恢复，核对之前不能修改。"
        "The database was restored from a backup; nothing is changed before it is checked.",
        "请运维人员核对并确认恢复。An operator checks the restore and accepts it.",
        {"Retry-After": "60"},
    )
