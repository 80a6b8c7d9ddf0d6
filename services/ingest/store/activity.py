"""Whether ingest has work under way."""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.tables import OUTBOX
from shared.kafka.outbox.publishing import has_unsent


async def is_quiet(db: AsyncConnection) -> bool:
    """Whether every event has been sent."""
    return not await has_unsent(db, OUTBOX)
