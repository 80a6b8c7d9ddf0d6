"""Answers to POSTs that came with a key, kept in the transaction of what they answer."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.tables import IDEMPOTENCY, AnyRow


async def claim(db: AsyncConnection, token_id: UUID, key: str) -> bool:
    """Hold a key until the transaction ends; False when another request holds it now."""
    found = await db.execute(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 1))"),
        {"name": f"{token_id}\x1f{key}"},
    )
    return bool(found.scalar_one())


async def answer(db: AsyncConnection, token_id: UUID, key: str) -> AnyRow | None:
    """The answer that this key was given."""
    found = await db.execute(
        select(IDEMPOTENCY.c.fingerprint, IDEMPOTENCY.c.status, IDEMPOTENCY.c.body).where(
            IDEMPOTENCY.c.token_id == token_id, IDEMPOTENCY.c.key == key
        )
    )
    return found.first()


async def keep(
    db: AsyncConnection,
    *,
    token_id: UUID,
    key: str,
    fingerprint: bytes,
    status: int,
    body: str,
    now: datetime,
) -> None:
    """Keep an answer."""
    await db.execute(
        insert(IDEMPOTENCY).values(
            token_id=token_id,
            key=key,
            fingerprint=fingerprint,
            status=status,
            body=body,
            answered_at=now,
        )
    )
