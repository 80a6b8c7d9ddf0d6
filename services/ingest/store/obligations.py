"""The ledger (台账): what each unit owes, in the order of units, plans and measures."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.tables import HEARINGS, MEASURES, OBLIGATIONS, UNITS, AnyRow
from shared.schemas.facts import Status
from shared.schemas.lights import Light
from shared.schemas.rules import ObligationKind

_O = OBLIGATIONS.c
_PLACE = (_O.unit_id, _O.plan_id, _O.ordinal, _O.period)
_SHOWN = or_(_O.withdrawn_at.is_(None), _O.status == Status.DONE.value)
"""What is owed, and what was done, even if a revision of the plan no longer asks for it."""
Place = tuple[UUID, UUID, int, str]
"""Where an obligation stands in the ledger: unit, plan, measure's ordinal, period."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Which obligations of an office to list; None leaves a condition out.

    `today` and `near_until` tell the lights apart.
    """

    today: date
    near_until: date
    unit_id: UUID | None = None
    plan_id: UUID | None = None
    status: Status | None = None
    light: Light | None = None


async def ledger(
    db: AsyncConnection, office_id: UUID, sought: Sought, after: Place | None, limit: int
) -> Sequence[AnyRow]:
    """Obligations with their unit's name and measure's text, after a place in the ledger."""
    page = select(OBLIGATIONS).where(_O.office_id == office_id, _SHOWN, *_conditions(sought))
    if after is not None:
        page = page.where(tuple_(*_PLACE) > tuple_(*after))
    # Cut first, then join: else the planner, before the table's first ANALYZE, joins all of it.
    cut = page.order_by(*_PLACE).limit(limit).subquery()
    order = (cut.c.unit_id, cut.c.plan_id, cut.c.ordinal, cut.c.period)
    return (await db.execute(_whole(cut).order_by(*order))).all()


def _whole(source: FromClause) -> Select[*tuple[Any, ...]]:
    """Obligations of `source` with their unit's name and measure's text."""
    return select(
        source,
        UNITS.c.name.label("unit"),
        MEASURES.c.ref,
        MEASURES.c.task_name,
        MEASURES.c.text,
    ).select_from(
        source.join(UNITS, UNITS.c.unit_id == source.c.unit_id).join(
            MEASURES, MEASURES.c.measure_id == source.c.measure_id
        )
    )


def _conditions(sought: Sought) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if sought.unit_id is not None:
        found.append(_O.unit_id == sought.unit_id)
    if sought.plan_id is not None:
        found.append(_O.plan_id == sought.plan_id)
    if sought.status is not None:
        found.append(_O.status == sought.status.value)
    if sought.light is not None:
        found.append(_lit(sought.light, sought.today, sought.near_until))
    return found


def _lit(light: Light, today: date, near_until: date) -> ColumnElement[bool]:
    """The condition that `lifecycle.light` gives this light."""
    owed = _O.status != Status.DONE.value
    match light:
        case Light.DONE:
            return _O.status == Status.DONE.value
        case Light.NONE:
            return and_(owed, _O.due_on.is_(None))
        case Light.RED:
            return and_(owed, _O.due_on < today)
        case Light.YELLOW:
            return and_(owed, _O.due_on.between(today, near_until))
        case Light.GREEN:
            return and_(owed, _O.due_on > max(near_until, today))


async def summary(
    db: AsyncConnection, office_id: UUID, sought: Sought, after: UUID | None, limit: int
) -> Sequence[AnyRow]:
    """Per unit that owes anything, by unit id: how many are owed, done, near and overdue."""
    today, near_until = sought.today, sought.near_until
    done = func.count().filter(_lit(Light.DONE, today, near_until))
    near = func.count().filter(_lit(Light.YELLOW, today, near_until))
    overdue = func.count().filter(_lit(Light.RED, today, near_until))
    query = (
        select(
            _O.unit_id,
            func.count().label("total"),
            done.label("done"),
            near.label("near"),
            overdue.label("overdue"),
        )
        .where(_O.office_id == office_id, _SHOWN, *_conditions(sought))
        .group_by(_O.unit_id)
        .order_by(_O.unit_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(_O.unit_id > after)
    counted = query.subquery()
    joined = counted.join(UNITS, UNITS.c.unit_id == counted.c.unit_id)
    found = await db.execute(
        select(counted, UNITS.c.name.label("unit")).select_from(joined).order_by(counted.c.unit_id)
    )
    return found.all()


async def unit_of(db: AsyncConnection, office_id: UUID, obligation_id: UUID) -> UUID | None:
    """Whose obligation it is; None when the office has no such obligation."""
    found = await db.execute(
        select(_O.unit_id).where(_O.office_id == office_id, _O.obligation_id == obligation_id)
    )
    return found.scalar()


async def obligation(db: AsyncConnection, obligation_id: UUID) -> AnyRow:
    """One obligation, as the ledger shows it. Its unit's lock keeps it as it is."""
    return (await db.execute(_whole(OBLIGATIONS).where(_O.obligation_id == obligation_id))).one()


async def hearing_obligations(
    db: AsyncConnection, office_id: UUID, unit_id: UUID, year: int
) -> Sequence[AnyRow]:
    """A unit's duties of a year to hear the report, done or not."""
    found = await db.execute(
        select(OBLIGATIONS)
        .where(
            _O.office_id == office_id,
            _O.unit_id == unit_id,
            _O.kind == ObligationKind.HEARING.value,
            _O.period == str(year),
            _O.withdrawn_at.is_(None),
        )
        .order_by(_O.obligation_id)
    )
    return found.all()


async def hearings_of(db: AsyncConnection, obligation_id: UUID) -> Sequence[UUID]:
    """The hearings that count for an obligation."""
    found = await db.execute(
        select(HEARINGS.c.hearing_id).where(HEARINGS.c.obligation_id == obligation_id)
    )
    return found.scalars().all()


async def add_hearing(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Record a hearing for an obligation."""
    await db.execute(insert(HEARINGS).values(dict(row)))


async def change(
    db: AsyncConnection, obligation_id: UUID, values: Mapping[str, Any], since: datetime
) -> None:
    """Change columns of an obligation, under its unit's lock, as from an instant."""
    await db.execute(
        update(OBLIGATIONS)
        .where(_O.obligation_id == obligation_id)
        .values(dict(values) | {"since": since})
    )


async def existing(
    db: AsyncConnection, office_id: UUID, plan_id: UUID, unit_ids: Collection[UUID]
) -> dict[UUID, AnyRow]:
    """The obligations that some units have of a plan, or had: `number` and `withdrawn_at`."""
    units = bindparam(None, list(unit_ids), type_=ARRAY(Uuid))
    found = await db.execute(
        select(_O.obligation_id, _O.number, _O.withdrawn_at).where(
            _O.office_id == office_id, _O.unit_id == any_(units), _O.plan_id == plan_id
        )
    )
    return {row.obligation_id: row for row in found}


@dataclass(frozen=True, slots=True)
class Batch:
    """New obligations of a plan, many units at once.

    What all have in common is said once, what a measure's date has in common once for each, and
    only the rest for each obligation: encoding is most of what a publication costs.

    Attributes:
        dates: one row for each date of each measure; `draft` is its number.
        obligation_ids, unit_ids, drafts, leads: one entry for each obligation.
    """

    office_id: UUID
    plan_id: UUID
    known_on: date
    since: datetime
    dates: Sequence[Mapping[str, Any]]
    obligation_ids: list[UUID]
    unit_ids: list[UUID]
    drafts: list[int]
    leads: list[bool]


_ADD = text(
    """
    INSERT INTO ingest.obligations (obligation_id, office_id, unit_id, plan_id, measure_id,
        ordinal, kind, period, due_on, known_on, lead, times, status, number, since)
    SELECT o.obligation_id, :office_id, o.unit_id, :plan_id, d.measure_id,
        d.ordinal, d.kind, d.period, d.due_on, :known_on, o.lead, d.times, 'open', 1, :since
    FROM unnest(CAST(:obligation_ids AS uuid[]), CAST(:unit_ids AS uuid[]),
        CAST(:drafts AS integer[]), CAST(:leads AS boolean[]))
        WITH ORDINALITY AS o(obligation_id, unit_id, draft, lead, place)
    JOIN unnest(CAST(:draft AS integer[]), CAST(:measure_id AS uuid[]),
        CAST(:ordinal AS integer[]), CAST(:kind AS text[]), CAST(:period AS text[]),
        CAST(:due_on AS date[]), CAST(:times AS integer[]))
        AS d(draft, measure_id, ordinal, kind, period, due_on, times) USING (draft)
    ORDER BY o.place
    ON CONFLICT DO NOTHING
    """
)
_DATE = ("draft", "measure_id", "ordinal", "kind", "period", "due_on", "times")


async def add(db: AsyncConnection, batch: Batch) -> int:
    """Enter obligations; how many were new."""
    if not batch.obligation_ids:
        return 0
    once = {name: [row[name] for row in batch.dates] for name in _DATE}
    each = {
        name: getattr(batch, name)
        for name in ("office_id", "plan_id", "known_on", "since", "obligation_ids", "unit_ids")
    }
    each |= {"drafts": batch.drafts, "leads": batch.leads}
    return (await db.execute(_ADD, once | each)).rowcount
