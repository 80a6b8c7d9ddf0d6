"""Claiming notifications that are due, with what is needed to decide and to render.

A claim is a lease on the machine's clock. `FOR UPDATE SKIP LOCKED` lets any number of processes
claim at once; a lease that is over leaves an attempt whose outcome is unknown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.message import Content, State
from services.notifier.store.reminders import ITEMS
from services.notifier.tables import attempts, notifications
from shared.database import insert_rows, update_rows
from shared.facts import ReminderItem
from shared.rules import Audience, Channel

_COLUMNS = (
    "notification_id, reminder_id, office_id, unit_id, contact_id, audience, slot, address, "
    "state, attempts, failures"
)
_FROM = f"SELECT {_COLUMNS} FROM notifier.notifications WHERE channel = :channel AND "  # noqa: S608 - constants
_LOCKED = "LIMIT :limit FOR UPDATE SKIP LOCKED"
_CLAIM = text(
    f"WITH leased AS ({_FROM} state = 'sending' AND lease_until <= :real "  # noqa: S608 - constants
    f"ORDER BY lease_until {_LOCKED}), "
    f"again AS ({_FROM} state = 'pending' AND retry_at IS NOT NULL AND retry_at <= :real "
    f"ORDER BY retry_at {_LOCKED}), "
    f"ready AS ({_FROM} state = 'pending' AND retry_at IS NULL AND not_before <= :now "
    f"ORDER BY not_before {_LOCKED}) "
    "SELECT * FROM leased UNION ALL SELECT * FROM again UNION ALL SELECT * FROM ready LIMIT :limit"
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notification that is locked until the transaction ends.

    `address` is where it was last offered, or would have gone when it was made. `abandoned` means
    that its last attempt was never closed: the outcome is unknown.
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


async def claim(
    db: AsyncConnection, channel: Channel, *, now: datetime, real: datetime, limit: int
) -> list[Claimed]:
    """Lock up to `limit` notifications of a channel that are due.

    `now` is the office's time, for what is due or was deferred; `real` the machine's, for what
    was tried before or abandoned.
    """
    rows = await db.execute(_CLAIM, {"channel": channel, "now": now, "real": real, "limit": limit})
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
