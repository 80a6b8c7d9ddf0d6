"""Sign-in over HTTP, and the sessions of the signed-in person."""

from uuid import UUID

from fastapi import APIRouter, Request

from services.ingest.api.callers import Call, Permitted
from services.ingest.api.context import get_context
from services.ingest.domain.accounts import SessionEnd
from services.ingest.handlers.accounts import sessions
from services.ingest.handlers.accounts.sessions import Device, OpenedSession
from services.ingest.handlers.accounts.signing_in import EnteredCredentials, SignIn
from services.ingest.store.sessions import StoredSession
from shared.api.accounts import EndedOut, SessionIssued, SessionOut, SignInIn, UserOut
from shared.api.fields import Page

ROUTER = APIRouter(prefix="/v1/sessions", tags=["sessions"])


def make_sign_in(request: Request) -> SignIn:
    """What verifies passwords for this request."""
    context = get_context(request)
    return SignIn(
        engine=context.engine,
        hasher=context.hasher,
        device=get_device(request),
        lifetime=context.settings.session_lifetime,
        now=context.clock.now(),
        correlation_id=request.scope["cuiban.correlation_id"],
    )


def get_device(request: Request) -> Device:
    """Where a request comes from."""
    address = request.client.host if request.client else ""
    agent = request.headers.get("user-agent", "")
    return Device(address, "".join(filter(str.isprintable, agent)))


def list_sessions_of(call: Call, rows: list[StoredSession]) -> Page[SessionOut]:
    """Sessions as an answer; the caller's own one is marked."""
    own = call.caller.session.session_id if call.caller.session else None
    items = [SessionOut.model_validate(row) for row in rows]
    marked = [item.model_copy(update={"current": item.session_id == own}) for item in items]
    return Page[SessionOut](items=marked)


def issue_session(opened: OpenedSession) -> SessionIssued:
    """A new session as an answer, with its token."""
    session = SessionOut.model_validate(opened.session).model_copy(update={"current": True})
    return SessionIssued(
        token=opened.token, session=session, user=UserOut.model_validate(opened.user)
    )


@ROUTER.post("", status_code=201)
async def sign_in(request: Request, body: SignInIn) -> SessionIssued:
    """Sign in: open a session. Its token is a bearer token like the others.

    Nobody learns whether an account exists: a wrong name and a wrong password are answered alike.
    Failures slow sign-in down, and lock it for a quarter of an hour, for the name and for the
    caller's address. This POST takes no Idempotency-Key: each makes a session of its own.
    """
    given = EnteredCredentials(
        body.name, body.password.get_secret_value(), body.code.get_secret_value()
    )
    return issue_session(await make_sign_in(request).open_session(given))


@ROUTER.get("")
async def list_own_sessions(call: Permitted) -> Page[SessionOut]:
    """List the open sessions of the own account, the newest first."""
    async with call.context.engine.connect() as db:
        rows = await sessions.list_sessions(
            db, call.act, call.session.user_id, call.context.settings.session_idle
        )
    return list_sessions_of(call, rows)


@ROUTER.delete("")
async def end_other_sessions(call: Permitted) -> EndedOut:
    """End all sessions of the own account but this one."""
    own = call.session
    async with call.context.engine.begin() as db:
        ended = await sessions.end_sessions(
            db, call.act, own.user_id, SessionEnd.REVOKED, keep=own.session_id
        )
    return EndedOut(ended=ended)


@ROUTER.delete("/current", status_code=204)
async def sign_out(call: Permitted) -> None:
    """Sign out: end this session."""
    own = call.session
    async with call.context.engine.begin() as db:
        await sessions.end_session(db, call.act, own.session_id, own.user_id, SessionEnd.SIGNED_OUT)


@ROUTER.delete("/{session_id}", status_code=204)
async def end_own_session(call: Permitted, session_id: UUID) -> None:
    """End a session of the own account."""
    async with call.context.engine.begin() as db:
        await sessions.end_session(
            db, call.act, session_id, call.session.user_id, SessionEnd.REVOKED
        )
