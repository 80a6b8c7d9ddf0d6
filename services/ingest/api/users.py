"""Accounts of people over HTTP, for an administrator of the office."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Call, Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.api.posting import answer_post
from services.ingest.api.sessions import list_sessions_of
from services.ingest.domain.accounts import AccountRole, SessionEnd
from services.ingest.domain.passwords import check_password
from services.ingest.handlers.accounts import accounts, sessions
from services.ingest.handlers.accounts.accounts import NewUser
from services.ingest.store.users import StoredUser
from shared.api.accounts import EndedOut, ResetIn, RoleIn, SessionOut, UserIn, UserOut
from shared.api.fields import Page

ROUTER = APIRouter(prefix="/v1/users", tags=["users"])
_ID = TypeAdapter(UUID)


@ROUTER.get("")
async def list_users(call: Permitted, cursor: Cursor = None, limit: Limit = 100) -> Page[UserOut]:
    """List the accounts of the office, the disabled ones too."""
    after = parse_cursor(cursor, "users", _ID)
    async with call.context.engine.connect() as db:
        rows = await accounts.list_users(db, call.act, after, limit + 1)
    return make_page(rows, limit, "users", UserOut, lambda row: row.user_id)


@ROUTER.post("", status_code=201, response_model=UserOut)
async def create_user(call: Permitted, body: UserIn) -> Response:
    """Make an account for a person of the office, or for a unit."""
    hashed = None
    if body.password is not None:
        hashed = await _hash_new(call, body.password.get_secret_value(), body.name)
    new = NewUser(body.name, AccountRole(body.role), body.unit_id, hashed)

    async def run(db: AsyncConnection) -> StoredUser:
        return await accounts.create_user(db, call.act, new)

    content = f"{body.name}\n{body.role}\n{body.unit_id}".encode()
    return await answer_post(call, run, UserOut, status=201, content=content)


async def _hash_new(call: Call, password: str, name: str) -> str:
    """The hash of a password that may be chosen. Passwords stand in no fingerprint of a request."""
    check_password(password, name)
    return await call.context.hasher.hash(password)


@ROUTER.get("/{user_id}")
async def show_user(call: Permitted, user_id: UUID) -> UserOut:
    """Show an account."""
    async with call.context.engine.connect() as db:
        return UserOut.model_validate(await accounts.get_user(db, call.act, user_id))


@ROUTER.post("/{user_id}/disable", response_model=UserOut)
async def disable_user(call: Permitted, user_id: UUID) -> Response:
    """Disable an account, and end its sessions. Its entries in the journal stay."""
    return await _answer_change(
        call,
        user_id,
        lambda db: accounts.disable_user(db, call.act, user_id, _get_own_id(call)),
    )


@ROUTER.post("/{user_id}/enable", response_model=UserOut)
async def enable_user(call: Permitted, user_id: UUID) -> Response:
    """Let a disabled account sign in again."""
    return await _answer_change(
        call, user_id, lambda db: accounts.enable_user(db, call.act, user_id)
    )


@ROUTER.post("/{user_id}/reset", response_model=UserOut)
async def reset_user(call: Permitted, user_id: UUID, body: ResetIn) -> Response:
    """Give an account a new password; its codes, sessions, lock and provider end."""
    async with call.context.engine.connect() as db:
        user = await accounts.get_user(db, call.act, user_id)
    hashed = await _hash_new(call, body.password.get_secret_value(), user.name)
    return await _answer_change(
        call, user_id, lambda db: accounts.reset_user(db, call.act, user_id, hashed)
    )


@ROUTER.post("/{user_id}/role", response_model=UserOut)
async def change_role(call: Permitted, user_id: UUID, body: RoleIn) -> Response:
    """Give an account of the office another role, and end its sessions."""
    role = AccountRole(body.role)
    return await _answer_change(
        call,
        user_id,
        lambda db: accounts.change_role(db, call.act, user_id, role, _get_own_id(call)),
        content=body.role.encode(),
    )


@ROUTER.get("/{user_id}/sessions")
async def list_user_sessions(call: Permitted, user_id: UUID) -> Page[SessionOut]:
    """List the open sessions of an account, the newest first."""
    idle = call.context.settings.session_idle
    async with call.context.engine.connect() as db:
        rows = await sessions.list_sessions(db, call.act, user_id, idle)
    return list_sessions_of(call, rows)


@ROUTER.delete("/{user_id}/sessions")
async def end_user_sessions(call: Permitted, user_id: UUID) -> EndedOut:
    """End all sessions of an account."""
    async with call.context.engine.begin() as db:
        await accounts.get_user(db, call.act, user_id)
        ended = await sessions.end_sessions(db, call.act, user_id, SessionEnd.REVOKED)
    return EndedOut(ended=ended)


async def _answer_change(
    call: Call,
    user_id: UUID,
    change: Callable[[AsyncConnection], Awaitable[None]],
    content: bytes = b"",
) -> Response:
    async def run(db: AsyncConnection) -> StoredUser:
        await change(db)
        return await accounts.get_user(db, call.act, user_id)

    return await answer_post(call, run, UserOut, content=content)


def _get_own_id(call: Call) -> UUID | None:
    """The account of the caller; a token has none."""
    return call.caller.session.user_id if call.caller.session else None
