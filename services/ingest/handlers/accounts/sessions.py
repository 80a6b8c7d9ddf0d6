"""Sessions of signed-in people: a token of 256 random bits, of which only the digest is stored."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.accounts import SessionEnd
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, note
from services.ingest.store import sessions as store
from services.ingest.store import users
from services.ingest.store.sessions import SessionHolder, StoredSession
from services.ingest.store.users import StoredUser

PREFIX = "session_"
"""What every session's token begins with; an API token begins otherwise."""
_AGENT = 200


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lasts without use, and at most."""

    idle: timedelta
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class Device:
    """Where a session is opened from: the address, and the browser's name for itself."""

    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session. `token` is its secret, which is not stored."""

    session: StoredSession
    user: StoredUser
    token: str = field(repr=False)


async def open_session(
    db: AsyncConnection, act: Act, user: StoredUser, device: Device, lifetime: timedelta
) -> OpenedSession:
    """Open a session for an account."""
    token = PREFIX + secrets.token_urlsafe(32)
    session = await store.add_session(
        db,
        session_id=uuid4(),
        office_id=user.office_id,
        user_id=user.user_id,
        sha256=_hash_token(token),
        lifetime=lifetime,
        address=device.address,
        agent=device.agent[:_AGENT],
    )
    after = {"user_id": str(user.user_id), "address": device.address}
    await note(db, act, "session.opened", session.session_id, after=after)
    return OpenedSession(session, user, token)


async def find_holder(db: AsyncConnection, token: str, idle: timedelta) -> SessionHolder | None:
    """Whose session a token opens, noting its use; None when it opens none (any more)."""
    holder = await store.find_holder(db, _hash_token(token), idle)
    if holder is not None:
        await store.note_use(db, holder.session_id)
    return holder


async def list_sessions(
    db: AsyncConnection, act: Act, user_id: UUID, idle: timedelta
) -> list[StoredSession]:
    """The open sessions of an account of the office.

    Raises:
        RefusedError: the office has no such account.
    """
    require_user(await users.find_user(db, act.office_id, user_id))
    return await store.list_sessions(db, act.office_id, user_id, idle)


def require_user(user: StoredUser | None) -> StoredUser:
    """The account of the office that was looked for.

    Raises:
        RefusedError: the office has no such account.
    """
    if user is None:
        raise RefusedError(
            Fault.NOT_FOUND,
            "没有这个账号。There is no such account.",
            "请在账号列表中查找（`GET /v1/users`）。"
            "Look in the list of accounts (`GET /v1/users`).",
        )
    return user


async def end_session(
    db: AsyncConnection, act: Act, session_id: UUID, user_id: UUID | None, why: SessionEnd
) -> None:
    """End a session of the office; with `user_id` only one of that account.

    Raises:
        RefusedError: there is no such session, or it has ended.
    """
    owner = await store.end_session(db, act.office_id, session_id, user_id, why)
    if owner is None:
        raise RefusedError(
            Fault.NOT_FOUND,
            "没有这次登录，或登录已结束。There is no such session, or it has ended.",
        )
    after = {"user_id": str(owner), "why": why.value}
    await note(db, act, "session.ended", session_id, after=after)


async def end_sessions(
    db: AsyncConnection, act: Act, user_id: UUID, why: SessionEnd, *, keep: UUID | None = None
) -> int:
    """End all sessions of an account but `keep`; how many were ended."""
    ended = await store.end_sessions(db, user_id, why, keep=keep)
    if ended:
        after = {"sessions": ended, "why": why.value}
        await note(db, act, "sessions.ended", user_id, after=after)
    return ended


def _hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
