"""The story of one obligation: what people did, what it was reminded of, what became of that."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, tzinfo
from itertools import pairwise
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.statuses import MessageState
from services.ingest.domain.timeline import (
    NotedChange,
    ObligationState,
    TimelineEntry,
    describe_change,
    describe_message,
    describe_reminder,
    describe_states,
    describe_withdrawal,
)
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.locking import require_obligation
from services.ingest.handlers.office.rules import get_office_zone
from services.ingest.store import obligations
from services.ingest.store import timeline as store
from services.ingest.store.ledger_rows import LedgerEntry
from services.ingest.store.timeline import MessageRow, StateRow
from shared.schemas.life import ObligationStatus

_SUBMITTED = ObligationStatus.SUBMITTED
_REMINDERS = 1000
"""How many reminders a timeline shows, the newest."""


async def list_timeline(db: AsyncConnection, act: Act, obligation_id: UUID) -> list[TimelineEntry]:
    """The timeline of an obligation, rising.

    Raises:
        RefusedError: no such obligation, or one of a unit that the actor may not act for.
    """
    unit_id = await require_obligation(db, act, obligation_id)
    entry = await obligations.get_entry(db, obligation_id)
    journal = await store.list_journal(db, act.office_id, obligation_id, _list_causes(entry))
    own: list[NotedChange] = []
    plan: list[NotedChange] = []
    for each in journal:
        change = NotedChange(each.at, each.actor, each.action, each.before, each.after)
        (own if each.subject == str(obligation_id) else plan).append(change)
    states = await store.list_states(db, unit_id, obligation_id)
    zone = await get_office_zone(db, act.office_id)
    lines = list(describe_states(_list_states(states, zone), own, plan))
    lines += [line for change in own if (line := describe_change(change)) is not None]
    lines += await _list_sent(db, act, unit_id, obligation_id)
    return sorted(lines, key=lambda line: line.at)


def _list_causes(entry: LedgerEntry) -> list[str]:
    """The subjects of journal entries that may say why an obligation changed."""
    return [str(entry.plan_id), str(entry.measure_id)]


async def _list_sent(
    db: AsyncConnection, act: Act, unit_id: UUID, obligation_id: UUID
) -> list[TimelineEntry]:
    """Reminders, their messages and their withdrawals.

    The unit itself does not see the addresses of other units' people.
    """
    reminders = await store.list_reminders(db, unit_id, obligation_id, _REMINDERS)
    lines = [
        describe_reminder(
            each.slot, each.audience, item["overdue"], each.reminder_id, to_unit=each.to_unit
        )
        for each in reminders
        for item in each.items
        if item["obligation_id"] == str(obligation_id)
    ]
    ids = [each.reminder_id for each in reminders]
    to_others = {each.reminder_id for each in reminders if each.to_unit}
    for message in await store.list_messages(db, unit_id, ids):
        hides = act.unit_id is not None and message.reminder_id in to_others
        lines += _list_message_lines(replace(message, address="") if hides else message)
    lines += [
        describe_withdrawal(each.at, each.reason)
        for each in await store.list_withdrawals(db, unit_id, obligation_id)
    ]
    return lines


def _list_message_lines(message: MessageRow) -> Iterator[TimelineEntry]:
    """What became of a message; a delivered one was sent before."""
    if message.state is MessageState.DELIVERED and message.sent_at is not None:
        yield describe_message(
            message.sent_at,
            MessageState.SENT,
            channel=message.channel,
            address=message.address,
            attempts=message.attempts,
        )
    yield describe_message(
        message.at,
        message.state,
        channel=message.channel,
        address=message.address,
        reason=message.reason,
        attempts=1 if message.state is MessageState.DELIVERED else message.attempts,
    )


def _list_states(rows: list[StateRow], zone: tzinfo) -> list[ObligationState]:
    """The states, each from the instant that is recorded, or from the day that it was told."""
    states = [
        ObligationState(
            row.since or datetime.combine(row.known_on, time(), tzinfo=zone),
            row.due_on,
            row.withdrawn,
            ends_report=row.withdrawn and before is not None and before.status is _SUBMITTED,
        )
        for before, row in pairwise([None, *rows])
        if row is not None
    ]
    changed = [
        after
        for before, after in pairwise(states)
        if (before.due_on, before.withdrawn) != (after.due_on, after.withdrawn)
    ]
    return [*states[:1], *changed]
