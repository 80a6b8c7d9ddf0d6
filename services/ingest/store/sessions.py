"""Sessions of signed-in people, by the digest of their token. Times are the database's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.accounts import AccountRole, SessionEnd
from services.ingest.store.account_tables import SESSIONS, USERS
from services.ingest.store.fetching import fetch_all, fetch_first, fetch_one, list_columns

_SEEN_EVERY = timedelta(minutes=1)
"""A session's last use is written this often at most, so that reading rarely writes."""


@dataclass(frozen=True, slots=True)
class SessionHolder:
    """Whose session it is, and what the account is now."""

    session_id: UUID
    user_id: UUID
    office_id: UUID
    unit_id: UUID | None
    name: str
    role: AccountRole


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session without its token's digest."""

    session_id: UUID
    opened_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


_S = SESSIONS.c
_SESSION = list_columns(StoredSession, _S)


async def read_database_time(db: AsyncConnection) -> datetime:
    """The present instant, from the database's clock."""
    now: datetime = (await db.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def add_session(
    db: AsyncConnection,
    *,
    session_id: UUID,
    office_id: UUID,
    user_id: UUID,
    sha256: bytes,
    lifetime: timedelta,
    address: str,
    agent: str,
) -> StoredSession:
    """Enter a session that ends after its lifetime at the latest."""
    query = (
        insert(SESSIONS)
        .values(
            session_id=session_id,
            office_id=office_id,
            user_id=user_id,
            sha256=sha256,
            opened_at=func.now(),
            seen_at=func.now(),
            expires_at=func.now() + lifetime,
            address=address,
            agent=agent,
        )
        .returning(*_SESSION)
    )
    return await fetch_one(db, StoredSession, query)


async def find_holder(db: AsyncConnection, sha256: bytes, idle: timedelta) -> SessionHolder | None:
    """Whose session a token opens; None when it is unknown, over or idle for too long."""
    query = (
        select(*list_columns(SessionHolder, _S, USERS.c))
        .join(USERS, USERS.c.user_id == _S.user_id)
        .where(_S.sha256 == sha256, USERS.c.disabled_at.is_(None), _is_open(idle))
    )
    return await fetch_first(db, SessionHolder, query)


async def note_use(db: AsyncConnection, session_id: UUID) -> None:
    """Note that a session is used now."""
    await db.execute(
        update(SESSIONS)
        .where(_S.session_id == session_id, _S.seen_at < func.now() - _SEEN_EVERY)
        .values(seen_at=func.now())
    )


async def list_sessions(
    db: AsyncConnection, office_id: UUID, user_id: UUID, idle: timedelta
) -> list[StoredSession]:
    """The open sessions of an account, the newest first."""
    query = (
        select(*_SESSION)
        .where(_S.office_id == office_id, _S.user_id == user_id, _is_open(idle))
        .order_by(_S.opened_at.desc(), _S.session_id)
    )
    return await fetch_all(db, StoredSession, query)


async def end_session(
    db: AsyncConnection, office_id: UUID, session_id: UUID, user_id: UUID | None, why: SessionEnd
) -> UUID | None:
    """End a session of an office, with `user_id` one of that account alone.

    Returns:
        Whose session it was; None when there is no such session that has not ended.
    """
    query = (
        update(SESSIONS)
        .where(_S.office_id == office_id, _S.session_id == session_id, _S.ended_at.is_(None))
        .values(ended_at=func.now(), ended_why=why)
        .returning(_S.user_id)
    )
    if user_id is not None:
        query = query.where(_S.user_id == user_id)
    ended: UUID | None = (await db.execute(query)).scalar()
    return ended


async def end_sessions(
    db: AsyncConnection, user_id: UUID, why: SessionEnd, *, keep: UUID | None = None
) -> int:
    """End all sessions of an account but `keep`; how many were ended."""
    query = (
        update(SESSIONS)
        .where(_S.user_id == user_id, _S.ended_at.is_(None))
        .values(ended_at=func.now(), ended_why=why)
    )
    if keep is not None:
        query = query.where(_S.session_id != keep)
    return (await db.execute(query)).rowcount


def _is_open(idle: timedelta) -> ColumnElement[bool]:
    return and_(_S.ended_at.is_(None), _S.expires_at > func.now(), _S.seen_at > func.now() - idle)
