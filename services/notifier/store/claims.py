"""Claiming notifications that are due, with what is needed to decide and to render.

A claim is a lease on the database's clock, the one clock that all processes share.
`FOR UPDATE SKIP LOCKED` lets any number of processes claim at once; a lease that is over leaves an
attempt whose outcome is unknown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.message import Content, HoldReason, State
from services.notifier.store.reminders import ITEMS
from services.notifier.tables import attempts, notifications
from shared.database.engine import insert_rows, update_rows
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import Audience, Channel

_COLUMNS = (
    "notification_id, reminder_id, office_id, unit_id, contact_id, audience, slot, address, "
    "state, retry_at, attempts, failures"
)
_FROM = f"SELECT {_COLUMNS} FROM notifier.notifications WHERE channel = :channel AND "  # noqa: S608 - constants
_LOCKED = "LIMIT :limit FOR UPDATE SKIP LOCKED"
_HELD = ", ".join(f"'{reason}'" for reason in HoldReason)


class Take(Enum):
    """Which of the due notifications are claimed first, or at all."""

    USUAL = ("leased", "again", "ready")
    """What was tried before, then what is fresh."""
    FRESH_FIRST = ("ready", "again", "leased")
    """For a gateway that rests: what it refuses again must not stand before what it would take."""
    UNHELD = ("leased", "again", "unheld")
    """For a channel without a gateway: what is held already stays as it is."""


@cache
def _claim(take: Take) -> TextClause:
    pending = "state = 'pending' AND retry_at IS"
    parts = {
        "leased": "state = 'sending' AND lease_until <= now() ORDER BY lease_until",
        "again": f"{pending} NOT NULL AND retry_at <= now() ORDER BY retry_at",
        "ready": f"{pending} NULL AND not_before <= :now ORDER BY not_before",
        "unheld": f"{pending} NULL AND not_before <= :now AND reason NOT IN ({_HELD}) "
        "ORDER BY not_before",
    }
    each = ", ".join(f"{name} AS ({_FROM} {parts[name]} {_LOCKED})" for name in take.value)
    all_of = " UNION ALL ".join(f"SELECT * FROM {name}" for name in take.value)  # noqa: S608 - constants
    return text(f"WITH {each} {all_of} LIMIT :limit")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notification that is locked until the transaction ends.

    `address` is where it was last offered, or would have gone when it was made. `abandoned` means
    that its last attempt was never closed: the outcome is unknown. `retrying` means that it was
    refused before.
    """

    notification_id: UUID
    reminder_id: UUID
    office_id: UUID
    unit_id: UUID
    contact_id: UUID | None
    audience: Audience
    channel: Channel
    slot: datetime
    address: str
    abandoned: bool
    retrying: bool
    attempts: int
    failures: int


@dataclass(frozen=True, slots=True)
class Background:
    """What a reminder says, and whose it is."""

    plan_title: str
    timezone: str
    items: tuple[ReminderItem, ...]
    correlation_id: UUID
    unit: str
    office: str


@dataclass(frozen=True, slots=True)
class Offering:
    """An attempt that is about to be made."""

    notification_id: UUID
    address: str
    number: int
    failures: int
    content: Content


async def database_now(db: AsyncConnection) -> datetime:
    """The database's clock, which leases and back-off go by."""
    found: datetime = (await db.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return found


async def claim(
    db: AsyncConnection, channel: Channel, *, now: datetime, limit: int, take: Take = Take.USUAL
) -> list[Claimed]:
    """Lock up to `limit` notifications of a channel that are due.

    `now` is the office's time, for what is due or was deferred. What was tried before or abandoned
    goes by the database's clock.
    """
    rows = await db.execute(_claim(take), {"channel": channel, "now": now, "limit": limit})
    return [
        Claimed(
            notification_id=row.notification_id,
            reminder_id=row.reminder_id,
            office_id=row.office_id,
            unit_id=row.unit_id,
            contact_id=row.contact_id,
            audience=Audience(row.audience),
            channel=channel,
            slot=row.slot,
            address=row.address,
            abandoned=row.state == State.SENDING,
            retrying=row.retry_at is not None or row.state == State.SENDING,
            attempts=row.attempts,
            failures=row.failures,
        )
        for row in rows
    ]


async def backgrounds(db: AsyncConnection, reminder_ids: Iterable[UUID]) -> dict[UUID, Background]:
    """What these reminders say."""
    rows = await db.execute(
        text(
            "SELECT r.reminder_id, r.plan_title, r.timezone, CAST(r.items AS text) AS items, "
            "r.correlation_id, u.name, u.office_name "
            "FROM notifier.reminders r JOIN notifier.units u USING (unit_id) "
            "WHERE r.reminder_id = ANY(:ids)"
        ),
        {"ids": list(set(reminder_ids))},
    )
    return {
        row.reminder_id: Background(
            plan_title=row.plan_title,
            timezone=row.timezone,
            items=ITEMS.validate_json(row.items),
            correlation_id=row.correlation_id,
            unit=row.name,
            office=row.office_name,
        )
        for row in rows
    }


async def recently_sent(
    db: AsyncConnection, contact_ids: Iterable[UUID], channel: Channel, since: datetime
) -> dict[UUID, list[datetime]]:
    """When each of these contacts was sent something on a channel after `since`, rising."""
    rows = await db.execute(
        text(
            "SELECT contact_id, array_agg(sent_at ORDER BY sent_at) AS sent "
            "FROM notifier.notifications WHERE contact_id = ANY(:ids) AND channel = :channel "
            "AND sent_at > :since GROUP BY contact_id"
        ),
        {"ids": list(set(contact_ids)), "channel": channel, "since": since},
    )
    return {row.contact_id: list(row.sent) for row in rows}


async def close_abandoned(db: AsyncConnection, claimed: Sequence[Claimed], at: datetime) -> None:
    """Write down that nobody knows how these attempts ended."""
    if not claimed:
        return
    await db.execute(
        text(
            "UPDATE notifier.attempts SET outcome = 'unknown', ended_at = :at, "
            "detail = 'its process ended before the outcome' "
            "WHERE notification_id = ANY(:ids) AND outcome = ''"
        ),
        {"at": at, "ids": [one.notification_id for one in claimed]},
    )


async def perhaps_received(db: AsyncConnection, claimed: Iterable[Claimed]) -> set[UUID]:
    """Those that a contact may have got already: an attempt ended in nobody knows what."""
    tried = [one.notification_id for one in claimed if one.attempts]
    if not tried:
        return set()
    rows = await db.execute(
        text(
            "SELECT DISTINCT notification_id FROM notifier.attempts "
            "WHERE notification_id = ANY(:ids) AND outcome = 'unknown'"
        ),
        {"ids": tried},
    )
    return set(rows.scalars())


async def write_offers(
    db: AsyncConnection, offers: Sequence[Offering], *, real: datetime, lease_until: datetime
) -> None:
    """Write attempts down before they are made, with the text as proof."""
    await update_rows(
        db,
        notifications,
        ["notification_id"],
        [
            {
                "notification_id": offer.notification_id,
                "state": State.SENDING,
                "reason": "",
                "address": offer.address,
                "attempts": offer.number,
                "failures": offer.failures,
                "retry_at": None,
                "lease_until": lease_until,
                "subject": offer.content.subject,
                "body_text": offer.content.text,
                "body_html": offer.content.html,
            }
            for offer in offers
        ],
    )
    await insert_rows(
        db,
        attempts,
        [
            {"notification_id": o.notification_id, "number": o.number, "started_at": real}
            for o in offers
        ],
    )


async def write_states(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Write what became of notifications that are not offered.

    Each row holds `notification_id`, `state`, `reason`, `not_before` and `failures`.
    """
    await update_rows(
        db,
        notifications,
        ["notification_id"],
        [{**row, "retry_at": None, "lease_until": None} for row in rows],
    )
