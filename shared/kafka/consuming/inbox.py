"""The inbox: ids of applied events, so that a repeat has no effect."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Column, DateTime, Index, MetaData, Table, Text, Uuid, func, text
from sqlalchemy.ext.asyncio import AsyncConnection


def define_inbox_table(metadata: MetaData) -> Table:
    """A service's inbox: a row for each event that a consumer applied."""
    return Table(
        "inbox",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("event_id", Uuid, primary_key=True),
        Column("seen_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Index("inbox_seen", "seen_at"),
    )


async def prune(db: AsyncConnection, inbox: Table, consumer: str, days: int) -> int:
    """Delete ids that were added more than `days` days ago.

    A repeat comes from a relay that died between the broker's acknowledgement and its mark, so it
    follows within minutes, when the next relay starts.

    Returns:
        The number of deleted ids.
    """
    done = await db.execute(
        text(
            f"DELETE FROM {inbox.fullname} WHERE consumer = :consumer "  # noqa: S608 - a Table's name
            "AND seen_at < now() - make_interval(days => :days)"
        ),
        {"consumer": consumer, "days": days},
    )
    return done.rowcount


async def claim_new(
    db: AsyncConnection, inbox: Table, consumer: str, event_ids: Sequence[UUID]
) -> set[UUID]:
    """Add ids to the inbox.

    Returns:
        The ids that were not in it: their events are new.
    """
    rows = await db.execute(
        text(
            f"INSERT INTO {inbox.fullname} (consumer, event_id) "
            "SELECT :consumer, unnest(CAST(:ids AS uuid[])) "
            "ON CONFLICT DO NOTHING RETURNING event_id"
        ),
        {"consumer": consumer, "ids": list(dict.fromkeys(event_ids))},
    )
    return set(rows.scalars())
