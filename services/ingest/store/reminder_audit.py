"""What the comparison of reminders with the ledger reads, and what it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, func, or_, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, is_any_of, list_columns
from services.ingest.store.history_tables import REMINDERS
from services.ingest.store.journal_tables import JOURNAL
from services.ingest.store.ledger_rows import CurrentState, PastState
from services.ingest.store.office_tables import CALENDARS, RULE_BOOKS
from services.ingest.store.rows import StoredCalendar, StoredReminder, StoredRuleBook
from services.ingest.store.tables import (
    EXPECTED_AUDITS,
    MEASURES,
    OBLIGATION_HISTORY,
    OBLIGATIONS,
    OFFICES,
    PARKED,
    POSITIONS,
    UNITS,
)

_O, _H, _R, _A = OBLIGATIONS.c, OBLIGATION_HISTORY.c, REMINDERS.c, EXPECTED_AUDITS.c
_J = JOURNAL.c
_LONGEST_PAUSE = "15min"


async def try_lock_night(db: AsyncConnection, office_id: UUID) -> bool:
    """Take the right to do an office's nightly audit until the transaction ends.

    False when another process has it.
    """
    name = func.hashtextextended(f"nightly/{office_id}", 0)
    return bool((await db.execute(select(func.pg_try_advisory_xact_lock(name)))).scalar())


async def allow_long_pauses(db: AsyncConnection) -> None:
    """Let the transaction rest between two statements while a unit is compared.

    PostgreSQL ends a session that rests with a transaction (`CUIBAN_HUNG_AFTER`), since it may hold
    locks. This one only reads.
    """
    await db.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{_LONGEST_PAUSE}'"))


async def list_books(db: AsyncConnection, office_id: UUID) -> list[StoredRuleBook]:
    """All rule books of an office, rising."""
    query = select(*list_columns(StoredRuleBook, RULE_BOOKS.c)).where(
        RULE_BOOKS.c.office_id == office_id
    )
    return await fetch_all(db, StoredRuleBook, query.order_by(RULE_BOOKS.c.version))


async def list_calendars(
    db: AsyncConnection, office_id: UUID, since: datetime
) -> list[StoredCalendar]:
    """The calendar in force at an instant and those published after it, rising."""
    conditions = _list_conditions(CALENDARS, CALENDARS.c.number, office_id, since)
    query = select(*list_columns(StoredCalendar, CALENDARS.c)).where(*conditions)
    return await fetch_all(db, StoredCalendar, query.order_by(CALENDARS.c.number))


def _list_conditions(
    table: Table, number: Column[int], office_id: UUID, since: datetime
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    is_of_office = table.c.office_id == office_id
    before = select(func.max(number)).where(is_of_office, table.c.published_at <= since)
    return is_of_office, number >= func.coalesce(before.scalar_subquery(), 0)


async def list_unit_ids(
    db: AsyncConnection, office_id: UUID, after: UUID | None, limit: int
) -> list[UUID]:
    """An office's units by id, after one of them."""
    query = select(UNITS.c.unit_id).where(UNITS.c.office_id == office_id)
    if after is not None:
        query = query.where(UNITS.c.unit_id > after)
    unit_ids = await db.execute(query.order_by(UNITS.c.unit_id).limit(limit))
    return list(unit_ids.scalars().all())


async def list_current_states(
    db: AsyncConnection, office_id: UUID, unit_ids: Sequence[UUID], since: datetime
) -> list[CurrentState]:
    """The present states of obligations of units.

    Left out are obligations that have not been reminded of since before an instant.
    """
    withdrawn = {"withdrawn": _O.withdrawn_at.is_not(None)}
    joined = OBLIGATIONS.join(MEASURES, MEASURES.c.measure_id == _O.measure_id)
    columns = list_columns(CurrentState, withdrawn, _O, MEASURES.c)
    query = (
        select(*columns)
        .select_from(joined)
        .where(
            _O.office_id == office_id,
            is_any_of(_O.unit_id, unit_ids),
            or_(
                _O.since.is_(None),
                _O.since >= since,
                _O.withdrawn_at.is_(None) & _O.reminded,
            ),
        )
    )
    return await fetch_all(db, CurrentState, query)


async def list_past_states(
    db: AsyncConnection, unit_ids: Sequence[UUID], since: datetime
) -> list[PastState]:
    """The past states of obligations of units that lasted beyond an instant, in order."""
    query = (
        select(*list_columns(PastState, _H))
        .where(is_any_of(_H.unit_id, unit_ids), or_(_H.until.is_(None), _H.until >= since))
        .order_by(_H.id)
    )
    return await fetch_all(db, PastState, query)


@dataclass(frozen=True, slots=True)
class FormerUnit:
    """A unit as it was until an instant: what rules ask of it."""

    unit_id: UUID
    until: datetime
    name: str
    kind: str
    groups: tuple[str, ...]


async def list_former_units(
    db: AsyncConnection, office_id: UUID, unit_ids: Sequence[UUID], since: datetime
) -> list[FormerUnit]:
    """Units as they were before each change since an instant, by the journal, in its order."""
    entries = await db.execute(
        select(_J.subject, _J.at, _J.before)
        .where(
            _J.office_id == office_id,
            _J.subject.in_([str(unit_id) for unit_id in unit_ids]),
            _J.at >= since,
            _J.before.has_key("groups"),
        )
        .order_by(_J.id)
    )
    return [
        FormerUnit(
            UUID(entry.subject),
            entry.at,
            entry.before["name"],
            entry.before["kind"],
            tuple(entry.before["groups"]),
        )
        for entry in entries
    ]


async def list_reminders(
    db: AsyncConnection, unit_ids: Sequence[UUID], since: datetime
) -> list[StoredReminder]:
    """The reminders that were emitted for units from a slot on."""
    query = select(*list_columns(StoredReminder, _R)).where(
        is_any_of(_R.unit_id, unit_ids), _R.slot >= since
    )
    return await fetch_all(db, StoredReminder, query)


async def map_firings(
    db: AsyncConnection, office_id: UUID, since: datetime, tolerance: timedelta
) -> dict[datetime, bool]:
    """The instants at which an office's reminders were fired from `since` on.

    Each maps to whether one of its reminders was fired late, or at its slot exactly.
    """
    late = (_R.fired_at - _R.slot > tolerance) | (_R.fired_at == _R.slot)
    firings = await db.execute(
        select(_R.fired_at, func.bool_or(late))
        .where(_R.office_id == office_id, _R.fired_at >= since)
        .group_by(_R.fired_at)
    )
    return {at: bool(behind) for at, behind in firings.all()}


async def find_last_untimed_slot(
    db: AsyncConnection, office_id: UUID, since: datetime
) -> datetime | None:
    """The newest slot from an instant on whose reminder has no recorded firing time."""
    slots = await db.execute(
        select(func.max(_R.slot)).where(
            _R.office_id == office_id, _R.slot >= since, _R.fired_at.is_(None)
        )
    )
    newest: datetime | None = slots.scalar()
    return newest


async def count_unread(db: AsyncConnection, consumer: str, topic: str) -> tuple[int, int]:
    """How many partitions of a topic are stopped, and how many of its records are parked.

    `topic` includes the prefix of the installation, if it has one.
    """
    is_stopped = (
        POSITIONS.c.consumer == consumer,
        POSITIONS.c.topic == topic,
        POSITIONS.c.stopped_for.is_not(None),
    )
    is_parked = PARKED.c.consumer == consumer, PARKED.c.topic == topic
    stopped = await db.execute(select(func.count()).where(*is_stopped))
    parked = await db.execute(select(func.count()).where(*is_parked))
    return int(stopped.scalar_one()), int(parked.scalar_one())


async def map_unit_names(db: AsyncConnection, unit_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The names of units, by unit id."""
    names = await db.execute(
        select(UNITS.c.unit_id, UNITS.c.name).where(is_any_of(UNITS.c.unit_id, unit_ids))
    )
    return {row.unit_id: row.name for row in names}


async def map_refs(db: AsyncConnection, obligation_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The refs of obligations' measures, by obligation id."""
    joined = OBLIGATIONS.join(MEASURES, MEASURES.c.measure_id == _O.measure_id)
    refs = await db.execute(
        select(_O.obligation_id, MEASURES.c.ref)
        .select_from(joined)
        .where(is_any_of(_O.obligation_id, obligation_ids))
    )
    return {row.obligation_id: row.ref for row in refs}


async def list_office_ids(db: AsyncConnection) -> list[UUID]:
    """Every office."""
    return list((await db.execute(select(OFFICES.c.office_id))).scalars().all())


async def find_last_audited_day(db: AsyncConnection, office_id: UUID) -> date | None:
    """The last day that a night's audit covered; None before the first."""
    days = await db.execute(select(func.max(_A.last_day)).where(_A.office_id == office_id))
    newest: date | None = days.scalar()
    return newest


async def add_audit(db: AsyncConnection, row: Mapping[str, Any]) -> bool:
    """Enter the result of a night's audit; False when another process has entered it."""
    inserted = await db.execute(
        postgresql.insert(EXPECTED_AUDITS)
        .values(dict(row))
        .on_conflict_do_nothing()
        .returning(_A.office_id)
    )
    return inserted.first() is not None


async def count_missing(db: AsyncConnection) -> int:
    """How many reminders were missing in each office's newest audit, summed over the offices."""
    newest = (
        select(_A.missing)
        .ext(postgresql.distinct_on(_A.office_id))
        .order_by(_A.office_id, _A.last_day.desc())
        .subquery()
    )
    total = await db.execute(select(func.coalesce(func.sum(newest.c.missing), 0)))
    return int(total.scalar_one())
