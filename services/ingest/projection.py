"""Reminders and deliveries, projected into the history tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.statuses import MessageState
from services.ingest.store import history, message_actions
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
    AttemptEnded,
    MessageActionAnswered,
    NotificationDelivered,
    NotificationFailed,
    NotificationHeld,
    NotificationSent,
    NotificationSuppressed,
    NotificationUndelivered,
    ReplyReceived,
)
from shared.schemas.messages import UNDELIVERED
from shared.schemas.mutes import NotFired
from shared.schemas.rules import Post
from shared.schemas.topics import DELIVERIES, REMINDERS, DeliveryEvent, ReminderEvent

TOPICS = (REMINDERS, DELIVERIES)
_Outcome = (
    NotificationSent
    | NotificationFailed
    | NotificationSuppressed
    | NotificationDelivered
    | NotificationUndelivered
    | NotificationHeld
)
_FailedAttempt = AttemptEnded | NotificationFailed | NotificationUndelivered
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
_NOTHING: Mapping[str, Any] = {
    **_NO_TEXT,
    **dict.fromkeys(("reason", "held", "undelivered_why"), ""),
    "undelivered_at": None,
}
"""What a state of a notification need not tell."""
_KEPT = ("address", "undelivered_at", "undelivered_why", *_NO_TEXT)


@dataclass(slots=True)
class _Rows:
    """The rows of a batch, by table; a notification has one, in its last state."""

    reminders: list[dict[str, Any]] = field(default_factory=list)
    withdrawals: list[dict[str, Any]] = field(default_factory=list)
    not_fired: list[dict[str, Any]] = field(default_factory=list)
    notifications: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    failed_attempts: list[dict[str, Any]] = field(default_factory=list)
    answers: list[MessageActionAnswered] = field(default_factory=list)


async def project(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
    """Apply a batch: one statement for each table, whatever its size.

    An answer to a person divides it: these are rare.
    """
    rows = _Rows()
    for envelope in envelopes:
        _collect(rows, envelope)
        if rows.answers:  # what follows is about the message as the answer left it
            await _put(db, rows)
            rows = _Rows()
    await _put(db, rows)


async def _put(db: AsyncConnection, rows: _Rows) -> None:
    await history.put_reminders(db, rows.reminders)
    await history.put_withdrawals(db, rows.withdrawals)
    await history.put_not_fired(db, rows.not_fired)
    await history.put_notifications(db, list(rows.notifications.values()))
    await history.put_failed_attempts(db, rows.failed_attempts)
    for answer in rows.answers:
        await message_actions.put_answer(db, answer)


def _collect(rows: _Rows, envelope: Envelope) -> None:
    """Add the rows that an event makes or changes."""
    event = envelope.event
    if not isinstance(event, ReminderEvent | DeliveryEvent):
        raise PoisonError("not-of-the-history", type(event).__name__)
    if isinstance(event, _FailedAttempt):
        rows.failed_attempts += _make_attempt_rows(event)
    match event:
        case ReminderDue():
            rows.reminders.append(_make_reminder_row(envelope, event))
        case ReminderWithdrawn():
            rows.withdrawals.append(_make_withdrawal_row(envelope, event))
        case RemindersNotFired():
            rows.not_fired += _make_not_fired_rows(event)
        case ReminderFannedOut():
            for row in _make_pending_rows(envelope, event):
                _fold(rows.notifications, row)
        case MessageActionAnswered():
            rows.answers.append(event)
        case AttemptEnded() | ExpectedAudited() | ReplyReceived():
            pass  # an attempt is above; an audit is ingest's own; a reply is no history
        case _:
            _fold(rows.notifications, _make_outcome_row(event))


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
        }
        | dict(_NOTHING)
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
    } | dict(_NOTHING)
    match event:
        case NotificationSent():
            row |= {"state": MessageState.SENT, "at": event.sent_at, "gateway": event.gateway}
            row |= {"subject": event.subject, "body": event.body}
            row |= {"sent_at": event.sent_at, "attempts": event.attempts}
            row |= {"gateway_message_id": event.gateway_message_id, "made": _list_made(event)}
        case NotificationFailed():
            row |= {"state": MessageState.FAILED, "at": event.failed_at}
            row |= {"reason": _join(event.reason, event.detail), "gateway": event.gateway}
            row |= {"attempts": event.attempts, "made": _list_made(event)}
        case NotificationSuppressed():
            row |= {"state": MessageState.SUPPRESSED, "at": event.decided_at}
            row["reason"] = event.reason
        case NotificationDelivered():
            row |= {"state": MessageState.DELIVERED, "at": event.delivered_at}
        case NotificationUndelivered():
            # Its state stays, which an earlier release reads too.
            row |= {"state": MessageState.SENT, "at": event.reported_at, "gateway": event.gateway}
            row |= {"reason": _join(UNDELIVERED, event.detail), "attempts": event.attempts}
            row |= {"undelivered_at": event.reported_at, "undelivered_why": event.detail}
        case NotificationHeld():
            row |= {"state": MessageState.PENDING, "at": event.held_at, "held": event.reason}
            row |= {"reason": event.reason, "gateway": event.gateway}
    return row | {"rank": _RANKS[row["state"]]}


def _list_made(event: NotificationSent | NotificationFailed) -> list[dict[str, Any]]:
    return [attempt.model_dump(mode="json") for attempt in event.made]


def _make_attempt_rows(event: _FailedAttempt) -> list[dict[str, Any]]:
    """The attempt that an event tells of; none when no gateway was asked."""
    match event:
        case AttemptEnded():
            number, ended_at, outcome = event.number, event.ended_at, event.outcome
        case NotificationFailed():
            number, ended_at, outcome = event.attempts, event.failed_at, event.reason
        case NotificationUndelivered():
            number, ended_at, outcome = event.attempts, event.reported_at, UNDELIVERED
        case _:
            assert_never(event)
    if not (number and event.gateway):
        return []
    row = {
        "notification_id": event.notification_id,
        "number": number,
        "office_id": event.office_id,
        "gateway": event.gateway,
        "ended_at": ended_at,
        "outcome": outcome,
        "detail": event.detail,
    }
    return [row]


def _join(reason: str, detail: str) -> str:
    return f"{reason}: {detail}" if detail else reason


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
        if not row["rank"]:
            kept |= {name: row[name] or before[name] for name in ("held", "reason")}
        rows[row["notification_id"]] = row | kept
