"""Reminders as received, what was withdrawn of them, and the notifications they became."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.message import Notification, State
from services.notifier.policy.fanout import Due, Planned, Withdrawn
from services.notifier.policy.stages import SuppressReason
from services.notifier.tables import notifications, reminders, withdrawals
from shared.database.engine import insert_rows
from shared.schemas.events import Envelope, ReminderDue, ReminderWithdrawn
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import Audience, Channel

ITEMS = TypeAdapter(tuple[ReminderItem, ...])
UNIT_UNKNOWN = "unit-unknown"


async def known(db: AsyncConnection, reminder_ids: Iterable[UUID]) -> set[UUID]:
    """Those reminders that are already stored."""
    rows = await db.execute(
        text("SELECT reminder_id FROM notifier.reminders WHERE reminder_id = ANY(:ids)"),
        {"ids": list(reminder_ids)},
    )
    return set(rows.scalars())


def due_of(envelope: Envelope, event: ReminderDue) -> Due:
    """A reminder as fan-out needs it."""
    return Due(
        reminder_id=event.reminder_id,
        office_id=event.office_id,
        unit_id=event.unit_id,
        audience=event.audience,
        slot=event.slot,
        timezone=event.timezone,
        channels=event.channels,
        obligation_ids=tuple(item.obligation_id for item in event.items),
        correlation_id=envelope.correlation_id,
    )


async def store(
    db: AsyncConnection, fresh: Sequence[tuple[ReminderDue, Due]], waiting: set[UUID]
) -> None:
    """Store reminders; those in `waiting` (by reminder) wait for their unit."""
    await insert_rows(
        db,
        reminders,
        [
            {
                "reminder_id": due.reminder_id,
                "office_id": due.office_id,
                "unit_id": due.unit_id,
                "audience": due.audience,
                "slot": due.slot,
                "timezone": due.timezone,
                "channels": list(due.channels),
                "rule_version": event.rule_version,
                "plan_title": event.plan_title,
                "items": ITEMS.dump_json(event.items).decode(),
                "correlation_id": due.correlation_id,
                "state": "waiting" if due.reminder_id in waiting else "fanned-out",
                "reason": UNIT_UNKNOWN if due.reminder_id in waiting else "",
            }
            for event, due in fresh
        ],
    )


async def take_waiting(db: AsyncConnection, unit_ids: Sequence[UUID]) -> list[Due]:
    """The reminders that waited for these units; from now on they count as fanned out."""
    rows = await db.execute(
        text(
            "UPDATE notifier.reminders SET state = 'fanned-out', reason = '' "
            "WHERE state = 'waiting' AND unit_id = ANY(:ids) RETURNING *, "
            "jsonb_path_query_array(items, '$[*].obligation_id') AS obligations"
        ).columns(channels=JSONB, obligations=JSONB),
        {"ids": list(unit_ids)},
    )
    return sorted(
        (
            Due(
                reminder_id=row.reminder_id,
                office_id=row.office_id,
                unit_id=row.unit_id,
                audience=Audience(row.audience),
                slot=row.slot,
                timezone=row.timezone,
                channels=tuple(map(Channel, row.channels)),
                obligation_ids=tuple(map(UUID, row.obligations)),
                correlation_id=row.correlation_id,
            )
            for row in rows
        ),
        key=lambda due: due.slot,
    )


async def add_notifications(db: AsyncConnection, planned: Sequence[Planned]) -> None:
    """Store notifications, pending or already ended."""
    await insert_rows(
        db,
        notifications,
        [
            {
                "notification_id": plan.notification.notification_id,
                "reminder_id": plan.notification.reminder_id,
                "office_id": plan.notification.office_id,
                "unit_id": plan.notification.unit_id,
                "contact_id": plan.contact_id,
                "audience": plan.notification.audience,
                "channel": plan.notification.channel,
                "slot": plan.notification.slot,
                "address": plan.notification.address,
                "state": _state(plan.suppressed),
                "reason": plan.suppressed or "",
                "not_before": plan.notification.slot,
            }
            for plan in planned
        ],
        "DO NOTHING",
    )


def _state(suppressed: SuppressReason | None) -> State:
    match suppressed:
        case None:
            return State.PENDING
        case SuppressReason.WITHDRAWN:
            return State.WITHDRAWN
        case _:
            return State.SUPPRESSED


async def withdraw(db: AsyncConnection, events: Iterable[ReminderWithdrawn]) -> list[UUID]:
    """Remember what must not be reminded of any more, and up to when; the latest `until` wins.

    Returns:
        The units.
    """
    latest: dict[tuple[UUID, UUID], Mapping[str, Any]] = {}
    for event in events:
        for obligation_id in event.obligation_ids:
            key = (event.unit_id, obligation_id)
            if key not in latest or latest[key]["until"] < event.until:
                latest[key] = {
                    "unit_id": event.unit_id,
                    "obligation_id": obligation_id,
                    "until": event.until,
                    "reason": event.reason,
                }
    await insert_rows(
        db,
        withdrawals,
        list(latest.values()),
        "(unit_id, obligation_id) DO UPDATE SET until = EXCLUDED.until, reason = EXCLUDED.reason "
        "WHERE EXCLUDED.until > withdrawals.until",
    )
    return list({unit_id for unit_id, _ in latest})


async def withdrawn_of(db: AsyncConnection, unit_ids: Iterable[UUID]) -> Withdrawn:
    """What was withdrawn from these units."""
    rows = await db.execute(
        text(
            "SELECT unit_id, obligation_id, until FROM notifier.withdrawals "
            "WHERE unit_id = ANY(:ids)"
        ),
        {"ids": list(set(unit_ids))},
    )
    found: dict[tuple[UUID, UUID], datetime] = {}
    for row in rows:
        found[row.unit_id, row.obligation_id] = row.until
    return found


async def end_withdrawn(db: AsyncConnection, unit_ids: Sequence[UUID]) -> list[Notification]:
    """End the pending notifications of some units that have nothing left that is owed."""
    if not unit_ids:
        return []
    rows = await db.execute(
        text(
            "UPDATE notifier.notifications n "
            "SET state = 'withdrawn', reason = 'withdrawn', retry_at = NULL "
            "FROM notifier.reminders r WHERE n.unit_id = ANY(:ids) AND n.state = 'pending' "
            "AND r.reminder_id = n.reminder_id AND NOT EXISTS ("
            "SELECT 1 FROM jsonb_array_elements(r.items) i WHERE NOT EXISTS ("
            "SELECT 1 FROM notifier.withdrawals w WHERE w.unit_id = n.unit_id "
            "AND w.obligation_id = CAST(i ->> 'obligation_id' AS uuid) AND w.until >= r.slot)) "
            "RETURNING n.*, r.correlation_id, "
            "jsonb_path_query_array(r.items, '$[*].obligation_id') AS obligations"
        ).columns(obligations=JSONB),
        {"ids": list(unit_ids)},
    )
    return [notification_of(row, tuple(map(UUID, row.obligations))) for row in rows]


def notification_of(row: Any, obligation_ids: tuple[UUID, ...]) -> Notification:  # noqa: ANN401 - a row of a textual statement
    """A notification, from a row with its columns and its reminder's correlation id."""
    return Notification(
        notification_id=row.notification_id,
        reminder_id=row.reminder_id,
        office_id=row.office_id,
        unit_id=row.unit_id,
        audience=Audience(row.audience),
        channel=Channel(row.channel),
        slot=row.slot,
        address=row.address,
        correlation_id=row.correlation_id,
        obligation_ids=obligation_ids,
    )
