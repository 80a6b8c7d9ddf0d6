"""Offices and the tokens that speak for them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.tables import OFFICES, TOKENS, AnyRow

_TOKEN = (
    TOKENS.c.token_id,
    TOKENS.c.office_id,
    TOKENS.c.unit_id,
    TOKENS.c.name,
    TOKENS.c.prefix,
    TOKENS.c.scopes,
    TOKENS.c.created_at,
    TOKENS.c.revoked_at,
)


async def add_office(
    db: AsyncConnection, office_id: UUID, slug: str, name: str, now: datetime
) -> bool:
    """Enter an office; False when it was there."""
    row = {"office_id": office_id, "slug": slug, "name": name, "created_at": now}
    made = await db.execute(
        postgresql.insert(OFFICES).values(row).on_conflict_do_nothing().returning(OFFICES.c.slug)
    )
    return made.first() is not None


async def office(db: AsyncConnection, office_id: UUID) -> AnyRow:
    """The office."""
    return (await db.execute(select(OFFICES).where(OFFICES.c.office_id == office_id))).one()


async def lock_office(db: AsyncConnection, office_id: UUID) -> None:
    """Hold the office's row until the transaction ends: its rules and days change in turn.

    Who only refers to the office (its journal's entries do) is not made to wait: a report that
    holds a unit would wait for an import that waits for the unit.
    """
    await db.execute(
        select(OFFICES.c.office_id)
        .where(OFFICES.c.office_id == office_id)
        .with_for_update(key_share=True)
    )


async def lock_name(db: AsyncConnection, *parts: object) -> None:
    """Hold a name that has no row of its own until the transaction ends."""
    await db.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": "\x1f".join(map(str, parts))},
    )


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


async def token_by_digest(db: AsyncConnection, sha256: bytes) -> AnyRow | None:
    """The token with this digest, unless it was revoked."""
    found = await db.execute(
        select(*_TOKEN).where(TOKENS.c.sha256 == sha256, TOKENS.c.revoked_at.is_(None))
    )
    return found.first()


async def tokens(
    db: AsyncConnection, office_id: UUID, after: UUID | None, limit: int
) -> Sequence[AnyRow]:
    """An office's tokens, by id, after one of them."""
    query = select(*_TOKEN).where(TOKENS.c.office_id == office_id)
    if after is not None:
        query = query.where(TOKENS.c.token_id > after)
    return (await db.execute(query.order_by(TOKENS.c.token_id).limit(limit))).all()


async def revoke(
    db: AsyncConnection, office_id: UUID, token_id: UUID, now: datetime
) -> AnyRow | None:
    """Revoke a token, once; what it was before, or None when the office has no such token."""
    found = await db.execute(
        select(TOKENS.c.name, TOKENS.c.revoked_at)
        .where(TOKENS.c.office_id == office_id, TOKENS.c.token_id == token_id)
        .with_for_update()
    )
    if (row := found.first()) is None:
        return None
    if row.revoked_at is None:
        await db.execute(update(TOKENS).where(TOKENS.c.token_id == token_id).values(revoked_at=now))
    return row
