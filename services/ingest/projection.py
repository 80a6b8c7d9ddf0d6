"""Reminders and deliveries, projected into the history tables."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.statuses import MessageState
from services.ingest.store import history
from shared.errors import PoisonError
from shared.schemas.envelope import Envelope
from shared.schemas.events import (
    ExpectedAudited,
    ReminderDue,
    ReminderFannedOut,
    RemindersNotFired,
    ReminderWithdrawn,
)
from shared.schemas.gateway_events import (
    NotificationDelivered,
    NotificationFailed,
    NotificationSent,
    NotificationSuppressed,
    NotificationUndelivered,
)
from shared.schemas.mutes import NotFired
from shared.schemas.rules import Post
from shared.schemas.topics import DELIVERIES, REMINDERS, DeliveryEvent, ReminderEvent

TOPICS = (REMINDERS, DELIVERIES)
_Outcome = NotificationSent | NotificationFailed | NotificationSuppressed | NotificationDelivered
_RANKS = {
    MessageState.PENDING: 0,
    MessageState.SENT: 1,
    MessageState.FAILED: 1,
    MessageState.SUPPRESSED: 1,
    MessageState.DELIVERED: 2,
}
_OF_NOT_FIRED = ("obligation_id", "rule_id", "slot", "reason", "mute_id", "actor", "note", "of")
_NO_TEXT: Mapping[str, Any] = {
    "gateway": "",
    "subject": "",
    "body": "",
    "sent_at": None,
    "attempts": 0,
    "gateway_message_id": "",
    "made": [],
}
"""What a message has before a gateway took it."""
_KEPT = ("address", *_NO_TEXT)


async def project(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
    """Apply a batch: one statement for each table, whatever its size."""
    reminders: list[dict[str, Any]] = []
    withdrawals: list[dict[str, Any]] = []
    not_fired: list[dict[str, Any]] = []
    notifications: dict[UUID, dict[str, Any]] = {}
    for envelope in envelopes:
        event = envelope.event
        if not isinstance(event, ReminderEvent | DeliveryEvent):
            raise PoisonError("not-of-the-history", type(event).__name__)
        match event:
            case ReminderDue():
                reminders.append(_make_reminder_row(envelope, event))
            case ReminderWithdrawn():
                withdrawals.append(_make_withdrawal_row(envelope, event))
            case RemindersNotFired():
                not_fired += _make_not_fired_rows(event)
            case ReminderFannedOut():
                for row in _make_pending_rows(envelope, event):
                    _fold(notifications, row)
            case (
                NotificationSent()
                | NotificationFailed()
                | NotificationSuppressed()
                | NotificationDelivered()
            ):
                _fold(notifications, _make_outcome_row(event))
            case NotificationUndelivered() | ExpectedAudited():
                pass  # the first below; the other is published by ingest itself, for other readers
    await history.put_reminders(db, reminders)
    await history.put_withdrawals(db, withdrawals)
    await history.put_not_fired(db, not_fired)
    await history.put_notifications(db, list(notifications.values()))
    await history.put_undelivered(db, _list_undelivered(envelopes))


def _make_reminder_row(envelope: Envelope, event: ReminderDue) -> dict[str, Any]:
    return {
        "reminder_id": event.reminder_id,
        "office_id": event.office_id,
        "unit_id": event.unit_id,
        "audience": event.audience.value,
        "slot": event.slot,
        "plan_title": event.plan_title,
        "rule_version": event.rule_version,
        "items": [
            {
                "obligation_id": str(item.obligation_id),
                "ref": item.ref,
                "kind": item.kind.value,
                "due_on": item.due_on.isoformat(),
                "overdue": item.overdue,
            }
            for item in event.items
        ],
        "fired_at": envelope.time,
        "complete": getattr(event, "complete", True),
        "rule_id": event.rule_id,
        "to_unit": event.to_unit,
    }


def _make_withdrawal_row(envelope: Envelope, event: ReminderWithdrawn) -> dict[str, Any]:
    return {
        "event_id": envelope.id,
        "office_id": event.office_id,
        "unit_id": event.unit_id,
        "obligation_ids": [str(obligation) for obligation in event.obligation_ids],
        "until": event.until,
        "reason": event.reason,
        "at": envelope.time,
    }


def _make_not_fired_rows(event: RemindersNotFired) -> list[dict[str, Any]]:
    return [
        {
            "office_id": event.office_id,
            "unit_id": event.unit_id,
            "audience": _name_first(item),
            "audiences": [audience.value for audience in item.audiences],
            **{name: getattr(item, name) for name in _OF_NOT_FIRED},
        }
        for item in event.items
    ]


def _name_first(item: NotFired) -> str:
    """The first audience, after whose post it is where that is not the unit's."""
    first = item.audiences[0].value if item.audiences else ""
    return first if item.of is Post.UNIT else f"{item.of}/{first}"


def _make_pending_rows(envelope: Envelope, event: ReminderFannedOut) -> list[dict[str, Any]]:
    return [
        {
            "notification_id": ref.notification_id,
            "reminder_id": event.reminder_id,
            "office_id": event.office_id,
            "unit_id": event.unit_id,
            "audience": event.audience.value,
            "channel": ref.channel.value,
            "slot": event.slot,
            "state": MessageState.PENDING,
            "rank": _RANKS[MessageState.PENDING],
            "address": "",
            "at": envelope.time,
            "reason": "",
            **_NO_TEXT,
        }
        for ref in event.notifications
    ]


def _make_outcome_row(event: _Outcome) -> dict[str, Any]:
    row: dict[str, Any] = {
        "notification_id": event.notification_id,
        "reminder_id": event.reminder_id,
        "office_id": event.office_id,
        "unit_id": event.unit_id,
        "audience": event.audience.value,
        "channel": event.channel.value,
        "slot": event.slot,
        "address": event.address,
        "reason": "",
        **_NO_TEXT,
    }
    match event:
        case NotificationSent():
            row |= {"state": MessageState.SENT, "at": event.sent_at, "gateway": event.gateway}
            row |= {"subject": event.subject, "body": event.body}
            row |= {"sent_at": event.sent_at, "attempts": event.attempts}
            row |= {"gateway_message_id": event.gateway_message_id, "made": _list_made(event)}
        case NotificationFailed():
            why = f"{event.reason}: {event.detail}" if event.detail else event.reason
            row |= {"state": MessageState.FAILED, "at": event.failed_at, "reason": why}
            row |= {"attempts": event.attempts, "made": _list_made(event)}
        case NotificationSuppressed():
            row |= {"state": MessageState.SUPPRESSED, "at": event.decided_at}
            row["reason"] = event.reason
        case NotificationDelivered():
            row |= {"state": MessageState.DELIVERED, "at": event.delivered_at}
    return row | {"rank": _RANKS[row["state"]]}


def _list_made(event: NotificationSent | NotificationFailed) -> list[dict[str, Any]]:
    return [attempt.model_dump(mode="json") for attempt in event.made]


def _list_undelivered(envelopes: Sequence[Envelope]) -> list[dict[str, Any]]:
    """The last report of each message that did not arrive. Its row is there when it comes."""
    rows = {
        event.notification_id: {
            "notification_id": event.notification_id,
            "undelivered_at": event.undelivered_at,
            "undelivered_why": event.detail,
        }
        for event in (envelope.event for envelope in envelopes)
        if isinstance(event, NotificationUndelivered)
    }
    return list(rows.values())


def _fold(rows: dict[UUID, dict[str, Any]], row: dict[str, Any]) -> None:
    """Put a notification's next state over the earlier one in the same batch.

    The same rule as the statement's: a lower rank changes nothing, an empty text keeps the
    earlier one.
    """
    before = rows.get(row["notification_id"])
    if before is None:
        rows[row["notification_id"]] = row
    elif row["rank"] >= before["rank"]:
        kept = {name: row[name] or before[name] for name in _KEPT}
        rows[row["notification_id"]] = row | kept
