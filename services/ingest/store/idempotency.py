"""Answers to POSTs that came with a key, kept in the transaction of what they answer.

A key belongs to its caller: a token or an account. The column is `token_id`.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_first, list_columns
from services.ingest.store.tables import IDEMPOTENCY


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer that an Idempotency-Key was given, and the fingerprint of its request."""

    fingerprint: bytes
    status: int
    body: str


async def claim_key(db: AsyncConnection, caller_id: UUID, key: str) -> bool:
    """Lock a key until the transaction ends; False when another request holds it now."""
    name = func.hashtextextended(f"{caller_id}\x1f{key}", 1)
    locked = await db.execute(select(func.pg_try_advisory_xact_lock(name)))
    return bool(locked.scalar_one())


async def find_answer(db: AsyncConnection, caller_id: UUID, key: str) -> StoredAnswer | None:
    """The answer that this key was given; None when it is new."""
    query = select(*list_columns(StoredAnswer, IDEMPOTENCY.c)).where(
        IDEMPOTENCY.c.token_id == caller_id, IDEMPOTENCY.c.key == key
    )
    return await fetch_first(db, StoredAnswer, query)


async def add_answer(
    db: AsyncConnection,
    *,
    caller_id: UUID,
    key: str,
    fingerprint: bytes,
    status: int,
    body: str,
    now: datetime,
) -> None:
    """Keep an answer."""
    await db.execute(
        insert(IDEMPOTENCY).values(
            token_id=caller_id,
            key=key,
            fingerprint=fingerprint,
            status=status,
            body=body,
            answered_at=now,
        )
    )
