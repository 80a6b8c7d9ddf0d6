"""How long the oldest due notification has waited to be claimed."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import NotificationState
from shared.messages.holding import HeldOffices
from shared.messages.stages import HoldReason
from shared.schemas.rules import Channel

_WAITS = ", ".join(f"'{reason}'" for reason in HoldReason)
_PENDING = (
    "FROM notifier.notifications "
    f"WHERE channel = :channel AND state = '{NotificationState.PENDING}' "
    f"AND office_id <> ALL(CAST(:held AS uuid[])) AND reason NOT IN ({_WAITS})"
)
_OLDEST = text(
    "SELECT greatest("
    "(SELECT CAST(:now AS timestamptz) - min(not_before) "
    f"{_PENDING} AND retry_at IS NULL AND not_before <= :now), "
    "(SELECT clock_timestamp() - min(retry_at) "
    f"{_PENDING} AND retry_at <= clock_timestamp()))"
)


async def measure_oldest(
    db: AsyncConnection, channel: Channel, held: HeldOffices, now: datetime
) -> float:
    """Seconds for which the oldest due notification of a channel waits; 0 when none does.

    A fresh one is due by the office's `now`, one that is tried again by the database's clock. What
    a hold keeps, and what waits for a gateway's settings, does not count.
    """
    if held.every:
        return 0.0
    values = {"channel": channel, "now": now, "held": list(held.ids)}
    age = await db.scalar(_OLDEST, values)
    return age.total_seconds() if age else 0.0
