"""What a proof of notice is made of: read unit by unit, and of a unit part by part."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, any_, bindparam, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.proof import (
    NotedEntry,
    OwedDuty,
    OwedState,
    ProvenMessage,
    ProvenReminder,
)
from services.ingest.store.fetching import fetch_all, is_any_of, list_columns
from services.ingest.store.history_tables import NOTIFICATIONS, REMINDERS
from services.ingest.store.journal_tables import JOURNAL, JOURNAL_LINKS
from services.ingest.store.tables import MEASURES, OBLIGATION_HISTORY, OBLIGATIONS, PLANS, UNITS

_O, _H, _J, _L = OBLIGATIONS.c, OBLIGATION_HISTORY.c, JOURNAL.c, JOURNAL_LINKS.c
_R, _N = REMINDERS.c, NOTIFICATIONS.c
_PART = 100
"""Reminders that are in memory at once, with their messages."""


@dataclass(frozen=True, slots=True)
class ProofPeriod:
    """The days of a proof, and the instants between which they lie: `begin` of None has no bound.

    `end` is the first instant after the last day.
    """

    first: date | None
    last: date
    begin: datetime | None
    end: datetime


@dataclass(frozen=True, slots=True)
class ProofUnit:
    """A unit of an office."""

    unit_id: UUID
    name: str


async def list_units(db: AsyncConnection, office_id: UUID, unit_id: UUID | None) -> list[ProofUnit]:
    """The units of an office, or the one that is named, in a fixed order."""
    query = select(*list_columns(ProofUnit, UNITS.c)).where(UNITS.c.office_id == office_id)
    if unit_id is not None:
        query = query.where(UNITS.c.unit_id == unit_id)
    return await fetch_all(db, ProofUnit, query.order_by(UNITS.c.unit_id))


async def list_duties(
    db: AsyncConnection, unit_id: UUID, obligation_id: UUID | None, period: ProofPeriod
) -> list[OwedDuty]:
    """What a unit owed on a day of the period, by plan and measure; or the obligation named."""
    joined = OBLIGATIONS.join(MEASURES, MEASURES.c.measure_id == _O.measure_id).join(
        PLANS, PLANS.c.plan_id == _O.plan_id
    )
    query = select(*list_columns(OwedDuty, _O, MEASURES.c, PLANS.c)).select_from(joined)
    query = query.where(_O.unit_id == unit_id)
    if obligation_id is not None:
        query = query.where(_O.obligation_id == obligation_id)
    else:
        query = query.where(*_list_owed_conditions(period))
    order = (_O.plan_id, _O.ordinal, _O.period, _O.obligation_id)
    return await fetch_all(db, OwedDuty, query.order_by(*order))


def _list_owed_conditions(period: ProofPeriod) -> list[ColumnElement[bool]]:
    """What was known by the last day, and was neither done nor withdrawn before the first."""
    conditions: list[ColumnElement[bool]] = [_O.known_on <= period.last]
    if period.begin is not None:
        conditions.append(or_(_O.done_at.is_(None), _O.done_at >= period.begin))
        conditions.append(or_(_O.withdrawn_at.is_(None), _O.withdrawn_at >= period.begin))
    return conditions


async def map_states(
    db: AsyncConnection, unit_id: UUID, obligation_ids: Collection[UUID]
) -> dict[UUID, list[OwedState]]:
    """The states of some obligations of a unit, the present one last."""
    past = (
        select(_H.obligation_id, _H.since, _H.due_on, _H.known_on, _H.status, _H.withdrawn)
        .where(_H.unit_id == unit_id, is_any_of(_H.obligation_id, obligation_ids))
        .order_by(_H.id)
    )
    present = select(
        _O.obligation_id,
        *(_O.since, _O.due_on, _O.known_on, _O.status, _O.withdrawn_at.is_not(None)),
    ).where(is_any_of(_O.obligation_id, obligation_ids))
    states: dict[UUID, list[OwedState]] = {}
    for query in (past, present):
        for name, *values in (await db.execute(query)).all():
            states.setdefault(name, []).append(OwedState(*values))
    return states


async def read_reminders(
    db: AsyncConnection, unit_id: UUID, obligation_id: UUID | None, period: ProofPeriod
) -> AsyncIterator[list[ProvenReminder]]:
    """The reminders of a unit in a period, part by part, by slot."""
    place: tuple[datetime, UUID] | None = None
    query = select(*list_columns(ProvenReminder, _R)).where(
        _R.unit_id == unit_id, _R.slot < period.end
    )
    if period.begin is not None:
        query = query.where(_R.slot >= period.begin)
    if obligation_id is not None:
        query = query.where(_R["items"].contains([{"obligation_id": str(obligation_id)}]))
    query = query.order_by(_R.slot, _R.reminder_id).limit(_PART)
    while True:
        part = query
        if place is not None:
            part = query.where(tuple_(_R.slot, _R.reminder_id) > tuple_(*place))
        rows = await fetch_all(db, ProvenReminder, part)
        if rows:
            yield rows
        if len(rows) < _PART:
            return
        place = rows[-1].slot, rows[-1].reminder_id


async def list_messages(
    db: AsyncConnection, unit_id: UUID, reminders: Sequence[ProvenReminder]
) -> list[ProvenMessage]:
    """The messages of some reminders of a unit, which are not none and rise by their slots.

    A message has the slot of its reminder, so the index by unit and slot finds them.
    """
    query = (
        select(*list_columns(ProvenMessage, _N))
        .where(
            _N.unit_id == unit_id,
            _N.slot.between(reminders[0].slot, reminders[-1].slot),
            is_any_of(_N.reminder_id, [reminder.reminder_id for reminder in reminders]),
        )
        .order_by(_N.notification_id)
    )
    return await fetch_all(db, ProvenMessage, query)


async def list_changes(
    db: AsyncConnection, office_id: UUID, obligation_ids: Collection[UUID], period: ProofPeriod
) -> list[NotedEntry]:
    """What the journal has of some obligations in a period, in the order of its chain."""
    subjects = [str(obligation_id) for obligation_id in obligation_ids]
    query = (
        select(*list_columns(NotedEntry, _L, _J))
        .select_from(JOURNAL.join(JOURNAL_LINKS, _L.entry_id == _J.id, isouter=True))
        .where(
            _J.office_id == office_id,
            _J.subject == any_(bindparam(None, subjects, type_=ARRAY(TEXT))),
            _J.at < period.end,
        )
    )
    if period.begin is not None:
        query = query.where(_J.at >= period.begin)
    return await fetch_all(db, NotedEntry, query.order_by(func.coalesce(_L.number, 0), _J.id))
