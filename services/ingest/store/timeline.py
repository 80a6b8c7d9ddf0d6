"""What the tables know of one obligation's story."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.statuses import MessageState
from services.ingest.store.fetching import fetch_all, is_any_of, list_columns
from services.ingest.store.history_tables import NOTIFICATIONS, REMINDERS, WITHDRAWALS
from services.ingest.store.journal import JournalEntry
from services.ingest.store.journal_tables import JOURNAL
from services.ingest.store.tables import OBLIGATION_HISTORY, OBLIGATIONS, UNITS
from shared.schemas.life import ObligationStatus

_O, _H, _J = OBLIGATIONS.c, OBLIGATION_HISTORY.c, JOURNAL.c
_R, _N, _W = REMINDERS.c, NOTIFICATIONS.c, WITHDRAWALS.c
_HEARING = UNITS.alias("hearing")
_OF_PLANS = (
    "plan.published",
    "plan.revised",
    "plan.withdrawn",
    "plan.directory-decided",
    "measure.withdrawn",
)


@dataclass(frozen=True, slots=True)
class StateRow:
    """The state of an obligation from `since` on; None is an instant not recorded."""

    since: datetime | None
    due_on: date | None
    known_on: date
    status: ObligationStatus
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class ReminderRow:
    """A reminder of a unit; `to_unit` names the other unit that heard it.

    `items` are as the projection writes them.
    """

    reminder_id: UUID
    audience: str
    slot: datetime
    items: list[dict[str, Any]]
    to_unit: str


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A notification of a reminder; `sent_at` is when a gateway accepted it."""

    notification_id: UUID
    reminder_id: UUID
    channel: str
    address: str
    state: MessageState
    at: datetime
    reason: str
    sent_at: datetime | None
    attempts: int


@dataclass(frozen=True, slots=True)
class WithdrawalRow:
    """A withdrawal of reminders."""

    at: datetime
    reason: str


async def list_journal(
    db: AsyncConnection, office_id: UUID, obligation_id: UUID, causes: Sequence[str]
) -> list[JournalEntry]:
    """The journal's entries of an obligation, and those of its plan that changed it, in order."""
    wanted: ColumnElement[bool] = _J.subject == str(obligation_id)
    if causes:  # a condition on an empty list would keep PostgreSQL from the index
        wanted |= _J.subject.in_(causes) & _J.action.in_(_OF_PLANS)
    query = (
        select(*list_columns(JournalEntry, _J))
        .where(_J.office_id == office_id, wanted)
        .order_by(_J.id)
    )
    return await fetch_all(db, JournalEntry, query)


async def list_states(db: AsyncConnection, unit_id: UUID, obligation_id: UUID) -> list[StateRow]:
    """The states of an obligation, the present one last."""
    past = select(_H.since, _H.due_on, _H.known_on, _H.status, _H.withdrawn).where(
        _H.unit_id == unit_id, _H.obligation_id == obligation_id
    )
    now = select(_O.since, _O.due_on, _O.known_on, _O.status, _O.withdrawn_at.is_not(None)).where(
        _O.obligation_id == obligation_id
    )
    return [
        *await fetch_all(db, StateRow, past.order_by(_H.id)),
        *await fetch_all(db, StateRow, now),
    ]


async def list_reminders(
    db: AsyncConnection, unit_id: UUID, obligation_id: UUID, limit: int
) -> list[ReminderRow]:
    """The newest reminders of an obligation, the newest first."""
    named = {"to_unit": func.coalesce(_HEARING.c.name, "")}
    query = (
        select(*list_columns(ReminderRow, named, _R))
        .select_from(REMINDERS.outerjoin(_HEARING, _HEARING.c.unit_id == _R.to_unit))
        .where(_R.unit_id == unit_id, _R["items"].contains([{"obligation_id": str(obligation_id)}]))
        .order_by(_R.slot.desc(), _R.reminder_id)
        .limit(limit)
    )
    return await fetch_all(db, ReminderRow, query)


async def list_messages(
    db: AsyncConnection, unit_id: UUID, reminder_ids: Collection[UUID]
) -> list[MessageRow]:
    """The notifications of reminders of a unit."""
    query = select(*list_columns(MessageRow, _N)).where(
        _N.unit_id == unit_id, is_any_of(_N.reminder_id, reminder_ids)
    )
    return await fetch_all(db, MessageRow, query.order_by(_N.slot, _N.notification_id))


async def list_withdrawals(
    db: AsyncConnection, unit_id: UUID, obligation_id: UUID
) -> list[WithdrawalRow]:
    """The withdrawals of reminders of an obligation, rising."""
    query = (
        select(*list_columns(WithdrawalRow, _W))
        .where(_W.unit_id == unit_id, _W.obligation_ids.contains([str(obligation_id)]))
        .order_by(_W.at)
    )
    return await fetch_all(db, WithdrawalRow, query)
