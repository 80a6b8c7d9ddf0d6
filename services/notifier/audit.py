"""What the notifier has of what others believe it has."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def is_here(db: AsyncConnection) -> bool:
    """Whether this database is the one with the notifier's tables."""
    found = await db.execute(text("SELECT to_regclass('notifier.notifications') IS NOT NULL"))
    return bool(found.scalar_one())


async def known(db: AsyncConnection, notification_ids: Collection[UUID]) -> set[UUID]:
    """Those of some notifications that the notifier has, ended or not."""
    rows = await db.execute(
        text(
            "SELECT notification_id FROM notifier.notifications WHERE notification_id = ANY(:ids)"
        ),
        {"ids": list(notification_ids)},
    )
    return set(rows.scalars())
