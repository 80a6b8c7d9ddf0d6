"""Offices and their API tokens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, fetch_first, fetch_one, list_columns
from services.ingest.store.rows import StoredOffice, StoredToken
from services.ingest.store.tables import OFFICES, TOKENS

_T = TOKENS.c
_TOKEN = list_columns(StoredToken, _T)


async def add_office(
    db: AsyncConnection, office_id: UUID, slug: str, name: str, now: datetime
) -> bool:
    """Enter an office; False when it exists already."""
    row = {"office_id": office_id, "slug": slug, "name": name, "created_at": now}
    inserted = await db.execute(
        postgresql.insert(OFFICES).values(row).on_conflict_do_nothing().returning(OFFICES.c.slug)
    )
    return inserted.first() is not None


async def get_office(db: AsyncConnection, office_id: UUID) -> StoredOffice:
    """The office."""
    query = select(*list_columns(StoredOffice, OFFICES.c)).where(OFFICES.c.office_id == office_id)
    return await fetch_one(db, StoredOffice, query)


async def lock_office(db: AsyncConnection, office_id: UUID) -> None:
    """Lock the office's row until the transaction ends: its rules and days change one by one.

    The lock does not conflict with the foreign keys of other rows. A report inserts a journal
    entry, which refers to the office, while it holds a unit; an import holds the office and
    waits for the unit: a stronger lock would deadlock the two.
    """
    await db.execute(
        select(OFFICES.c.office_id)
        .where(OFFICES.c.office_id == office_id)
        .with_for_update(key_share=True)
    )


async def lock_name(db: AsyncConnection, *parts: object) -> None:
    """Lock a name that has no row of its own until the transaction ends."""
    name = "\x1f".join(map(str, parts))
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


async def add_token(
    db: AsyncConnection,
    *,
    token_id: UUID,
    office_id: UUID,
    unit_id: UUID | None,
    name: str,
    prefix: str,
    sha256: bytes,
    scopes: Sequence[str],
    now: datetime,
) -> None:
    """Enter a token by its digest."""
    await db.execute(
        insert(TOKENS).values(
            token_id=token_id,
            office_id=office_id,
            unit_id=unit_id,
            name=name,
            prefix=prefix,
            sha256=sha256,
            scopes=list(scopes),
            created_at=now,
        )
    )


async def find_token(db: AsyncConnection, sha256: bytes) -> StoredToken | None:
    """The token with this digest; None when it is unknown or revoked."""
    query = select(*_TOKEN).where(_T.sha256 == sha256, _T.revoked_at.is_(None))
    return await fetch_first(db, StoredToken, query)


async def list_tokens(
    db: AsyncConnection, office_id: UUID, after: UUID | None, limit: int
) -> list[StoredToken]:
    """An office's tokens, by id, after one of them."""
    query = select(*_TOKEN).where(_T.office_id == office_id)
    if after is not None:
        query = query.where(_T.token_id > after)
    return await fetch_all(db, StoredToken, query.order_by(_T.token_id).limit(limit))


async def revoke_token(
    db: AsyncConnection, office_id: UUID, token_id: UUID, now: datetime
) -> StoredToken | None:
    """Revoke a token, once; the token before that, or None when the office has no such token."""
    query = select(*_TOKEN).where(_T.office_id == office_id, _T.token_id == token_id)
    token = await fetch_first(db, StoredToken, query.with_for_update())
    if token is not None and token.revoked_at is None:
        await db.execute(update(TOKENS).where(_T.token_id == token_id).values(revoked_at=now))
    return token
