"""What the comparison of reminders with the ledger reads, and what it came to."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, func, or_, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.tables import (
    CALENDARS,
    EXPECTED_AUDITS,
    MEASURES,
    OBLIGATION_HISTORY,
    OBLIGATIONS,
    OFFICES,
    PARKED,
    POSITIONS,
    RULE_BOOKS,
    UNITS,
    AnyRow,
)
from services.ingest.told import REMINDERS

_O, _H, _R, _A = OBLIGATIONS.c, OBLIGATION_HISTORY.c, REMINDERS.c, EXPECTED_AUDITS.c


def _these(ids: Sequence[UUID]) -> Any:  # noqa: ANN401 - SQLAlchemy's
    return any_(bindparam(None, list(ids), type_=ARRAY(Uuid)))


async def books(db: AsyncConnection, office_id: UUID, since: datetime) -> Sequence[AnyRow]:
    """The rule book in force at an instant and those published after it, rising."""
    return await _versions(db, RULE_BOOKS, RULE_BOOKS.c.version, office_id, since)


async def calendars(db: AsyncConnection, office_id: UUID, since: datetime) -> Sequence[AnyRow]:
    """The calendar in force at an instant and those published after it, rising."""
    return await _versions(db, CALENDARS, CALENDARS.c.number, office_id, since)


async def _versions(
    db: AsyncConnection,
    table: Any,  # noqa: ANN401 - one of two tables
    number: Any,  # noqa: ANN401 - its column
    office_id: UUID,
    since: datetime,
) -> Sequence[AnyRow]:
    of_office = table.c.office_id == office_id
    before = select(func.max(number)).where(of_office, table.c.published_at <= since)
    found = await db.execute(
        select(table)
        .where(of_office, number >= func.coalesce(before.scalar_subquery(), 0))
        .order_by(number)
    )
    return found.all()


async def unit_page(
    db: AsyncConnection, office_id: UUID, after: UUID | None, limit: int
) -> list[UUID]:
    """An office's units, by id."""
    query = select(UNITS.c.unit_id).where(UNITS.c.office_id == office_id)
    if after is not None:
        query = query.where(UNITS.c.unit_id > after)
    found = await db.execute(query.order_by(UNITS.c.unit_id).limit(limit))
    return list(found.scalars().all())


async def standing(
    db: AsyncConnection, office_id: UUID, unit_ids: Sequence[UUID], since: datetime
) -> Sequence[AnyRow]:
    """How obligations of units stand, without what has been done or withdrawn since before."""
    found = await db.execute(
        select(
            _O.obligation_id,
            _O.unit_id,
            _O.kind,
            _O.due_on,
            _O.known_on,
            _O.status,
            _O.withdrawn_at.is_not(None).label("withdrawn"),
            _O.since,
            _O.unknown_before,
        ).where(
            _O.office_id == office_id,
            _O.unit_id == _these(unit_ids),
            or_(
                _O.since.is_(None),
                _O.since >= since,
                _O.withdrawn_at.is_(None) & (_O.status != "done"),
            ),
        )
    )
    return found.all()


async def stood(db: AsyncConnection, unit_ids: Sequence[UUID], since: datetime) -> Sequence[AnyRow]:
    """How obligations of units stood before, as far as it reaches beyond an instant, in order."""
    found = await db.execute(
        select(OBLIGATION_HISTORY)
        .where(_H.unit_id == _these(unit_ids), or_(_H.until.is_(None), _H.until >= since))
        .order_by(_H.id)
    )
    return found.all()


async def reminders(
    db: AsyncConnection, unit_ids: Sequence[UUID], since: datetime
) -> Sequence[AnyRow]:
    """What was emitted for units from a slot on."""
    columns = (_R.unit_id, _R.audience, _R.slot, _R["items"], _R.fired_at, _R.complete)
    found = await db.execute(
        select(*columns).where(_R.unit_id == _these(unit_ids), _R.slot >= since)
    )
    return found.all()


async def firings(
    db: AsyncConnection, office_id: UUID, since: datetime, tolerance: timedelta
) -> dict[datetime, bool]:
    """When an office's reminders were fired, and whether one of them was late, or at its slot."""
    late = (_R.fired_at - _R.slot > tolerance) | (_R.fired_at == _R.slot)
    found = await db.execute(
        select(_R.fired_at, func.bool_or(late))
        .where(_R.office_id == office_id, _R.fired_at >= since)
        .group_by(_R.fired_at)
    )
    return {at: bool(behind) for at, behind in found.all()}


async def timeless(db: AsyncConnection, office_id: UUID, since: datetime) -> datetime | None:
    """The newest slot from an instant on whose reminder does not say when it fired."""
    found = await db.execute(
        select(func.max(_R.slot)).where(
            _R.office_id == office_id, _R.slot >= since, _R.fired_at.is_(None)
        )
    )
    newest: datetime | None = found.scalar()
    return newest


async def unread(db: AsyncConnection, consumer: str, topic: str) -> tuple[int, int]:
    """How many partitions of a topic are stopped, and how many of its records are parked.

    `topic` may have the prefix of an installation.
    """
    of_topic = POSITIONS.c.topic == topic
    stopped = await db.execute(
        select(func.count()).where(
            POSITIONS.c.consumer == consumer, of_topic, POSITIONS.c.stopped_for.is_not(None)
        )
    )
    parked = await db.execute(
        select(func.count()).where(PARKED.c.consumer == consumer, PARKED.c.topic == topic)
    )
    return int(stopped.scalar_one()), int(parked.scalar_one())


async def unit_names(db: AsyncConnection, unit_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The names of units."""
    found = await db.execute(
        select(UNITS.c.unit_id, UNITS.c.name).where(UNITS.c.unit_id == _these(unit_ids))
    )
    return {row.unit_id: row.name for row in found}


async def refs(db: AsyncConnection, obligation_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The refs of obligations' measures."""
    joined = OBLIGATIONS.join(MEASURES, MEASURES.c.measure_id == _O.measure_id)
    found = await db.execute(
        select(_O.obligation_id, MEASURES.c.ref)
        .select_from(joined)
        .where(_O.obligation_id == _these(obligation_ids))
    )
    return {row.obligation_id: row.ref for row in found}


async def office_ids(db: AsyncConnection) -> list[UUID]:
    """Every office."""
    return list((await db.execute(select(OFFICES.c.office_id))).scalars().all())


async def last_day(db: AsyncConnection, office_id: UUID) -> date | None:
    """The last day that was audited at night."""
    found = await db.execute(select(func.max(_A.last_day)).where(_A.office_id == office_id))
    newest: date | None = found.scalar()
    return newest


async def put_audit(db: AsyncConnection, row: Mapping[str, Any]) -> bool:
    """Enter what a night's audit came to; False when another process has."""
    made = await db.execute(
        postgresql.insert(EXPECTED_AUDITS)
        .values(dict(row))
        .on_conflict_do_nothing()
        .returning(_A.office_id)
    )
    return made.first() is not None


async def missing(db: AsyncConnection) -> int:
    """How many reminders were missing in the newest audit of each office, all together."""
    found = await db.execute(
        text(
            "SELECT coalesce(sum(missing), 0) FROM (SELECT DISTINCT ON (office_id) missing "
            "FROM ingest.expected_audits ORDER BY office_id, last_day DESC) AS newest"
        )
    )
    return int(found.scalar_one())
