"""Operators' commands for an outbox: send lost rows again, and try refused rows again.

Both make rows unsent again. The relay sends in ascending order of id, so they precede newer rows of
their topic. Consumers ignore repeats by their inboxes.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.kafka.outbox.acknowledgements import compute_pass_lock

_UNSENT_AGAIN = (
    "sent_at = NULL, sent_partition = NULL, sent_offset = NULL, sent_run = NULL, sent_number = NULL"
)
_LOST = "(o.sent_offset >= r.lost_from OR o.sent_offset IS NULL)"
"""Rows whose offset the broker did not return may be lost too."""


async def replay_lost(db: AsyncConnection, service: str, topic: str) -> int:
    """Resume a stopped topic, and send again the rows at or above the lost offsets.

    Returns:
        The number of rows to send again; 0 also when the topic is not stopped.
    """
    await _take_turn(db, service)
    await _reset_numbers(db, service, topic)
    again = await db.execute(
        text(
            f"UPDATE {service}.outbox AS o SET {_UNSENT_AGAIN} FROM {service}.relayed AS r "  # noqa: S608 - a service's name
            "WHERE r.topic = :topic AND r.stopped_for IS NOT NULL AND o.topic = r.topic "
            f"AND o.sent_partition = r.partition AND {_LOST}"
        ),
        {"topic": topic},
    )
    await _resume(db, service, topic)
    return again.rowcount


async def replay_since(db: AsyncConnection, service: str, topic: str, since: datetime) -> int:
    """Send again all rows sent since an instant, and the lost rows of a stopped topic.

    Returns:
        The number of rows to send again.
    """
    lost = await replay_lost(db, service, topic)
    again = await db.execute(
        text(
            f"UPDATE {service}.outbox SET {_UNSENT_AGAIN} "  # noqa: S608 - a service's name
            "WHERE topic = :topic AND sent_at >= :since"
        ),
        {"topic": topic, "since": since},
    )
    return lost + again.rowcount


async def retry_refused(db: AsyncConnection, service: str, row_id: int | None) -> int:
    """Let the relay try a refused row again, or with None every refused row.

    Returns:
        The number of rows.
    """
    await _take_turn(db, service)
    again = await db.execute(
        text(
            f"UPDATE {service}.outbox SET refused = NULL WHERE refused IS NOT NULL "  # noqa: S608 - a service's name
            "AND (CAST(:id AS bigint) IS NULL OR id = :id)"
        ),
        {"id": row_id},
    )
    return again.rowcount


async def _take_turn(db: AsyncConnection, service: str) -> None:
    """Lock out the relay's passes until the transaction ends, so that no row is being sent."""
    await db.execute(
        text("SELECT pg_advisory_xact_lock(:key)"), {"key": compute_pass_lock(service)}
    )


async def _reset_numbers(db: AsyncConnection, service: str, topic: str) -> None:
    """Set the numbers of a stopped topic back to the last record that its log still holds.

    The next record then names that one as its predecessor. A consumer that lacks it stops; one that
    has read it, or more, continues. When no row of it is left, only the number is known.
    """
    here = (
        f"FROM {service}.outbox AS o WHERE o.topic = r.topic AND o.sent_partition = r.partition "
        "AND o.sent_number IS NOT NULL"
    )
    left = f"{here} AND o.sent_offset < r.lost_from ORDER BY o.sent_offset DESC LIMIT 1"
    lost = f"{here} AND o.sent_offset >= r.lost_from ORDER BY o.sent_offset LIMIT 1"
    await db.execute(
        text(
            f"UPDATE {service}.relayed AS r SET "  # noqa: S608 - a service's name
            f"run = coalesce((SELECT o.sent_run {left}), "
            f"(SELECT 0 {lost}), run), "
            f"number = coalesce((SELECT o.sent_number {left}), "
            f"(SELECT o.sent_number - 1 {lost}), number) "
            "WHERE r.topic = :topic AND r.stopped_for IS NOT NULL"
        ),
        {"topic": topic},
    )


async def _resume(db: AsyncConnection, service: str, topic: str) -> None:
    await db.execute(
        text(
            f"UPDATE {service}.relayed SET last_offset = lost_from - 1, stopped_for = NULL, "  # noqa: S608 - a service's name
            "lost_from = NULL, stopped_at = NULL WHERE topic = :topic AND stopped_for IS NOT NULL"
        ),
        {"topic": topic},
    )


async def list_topics(db: AsyncConnection, service: str) -> list[str]:
    """The topics to which a service has sent, by name without prefix."""
    rows = await db.execute(
        text(f"SELECT DISTINCT topic FROM {service}.relayed ORDER BY topic")  # noqa: S608 - a service's name
    )
    return list(rows.scalars())
