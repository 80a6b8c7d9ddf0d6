"""Which notifications the notifier has, of those that others expect it to have."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.store.tables import NOTIFICATIONS

_ID = NOTIFICATIONS.c.notification_id
_KNOWN = select(_ID).where(any_(bindparam("ids", type_=ARRAY(Uuid))) == _ID)


async def is_here(db: AsyncConnection) -> bool:
    """Whether this database has the notifier's tables."""
    result = await db.execute(text("SELECT to_regclass('notifier.notifications') IS NOT NULL"))
    return bool(result.scalar_one())


async def select_known(db: AsyncConnection, notification_ids: Collection[UUID]) -> set[UUID]:
    """Those of some notifications that the notifier has, ended or not."""
    return set(await db.scalars(_KNOWN, {"ids": list(notification_ids)}))
