"""Single obligations: found, changed, and entered. Lists of them are in `store.ledger`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, cast, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import (
    fetch_all,
    fetch_first,
    fetch_one,
    is_any_of,
    list_columns,
)
from services.ingest.store.ledger import select_entries
from services.ingest.store.ledger_rows import LedgerEntry, ObligationNumber
from services.ingest.store.tables import MEASURES, OBLIGATIONS
from shared.schemas.rules import ObligationKind

_O = OBLIGATIONS.c


async def find_unit_id(db: AsyncConnection, office_id: UUID, obligation_id: UUID) -> UUID | None:
    """The unit of an obligation; None when the office has no such obligation."""
    unit_ids = await db.execute(
        select(_O.unit_id).where(_O.office_id == office_id, _O.obligation_id == obligation_id)
    )
    return unit_ids.scalar()


async def get_entry(db: AsyncConnection, obligation_id: UUID) -> LedgerEntry:
    """An obligation as the ledger shows it. Only its unit's lock keeps it unchanged."""
    query = select_entries(OBLIGATIONS).where(_O.obligation_id == obligation_id)
    return await fetch_one(db, LedgerEntry, query)


async def list_entries(db: AsyncConnection, obligation_ids: Collection[UUID]) -> list[LedgerEntry]:
    """Some obligations as the ledger shows them."""
    query = select_entries(OBLIGATIONS).where(is_any_of(_O.obligation_id, obligation_ids))
    return await fetch_all(db, LedgerEntry, query)


async def find_status(db: AsyncConnection, obligation_id: UUID) -> ObligationNumber | None:
    """An obligation's number and status, the withdrawn ones' too; None when there is none."""
    query = select(*list_columns(ObligationNumber, _O)).where(_O.obligation_id == obligation_id)
    return await fetch_first(db, ObligationNumber, query)


async def add_obligation(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Enter one obligation."""
    await db.execute(insert(OBLIGATIONS).values(dict(row)))


async def update_obligation(
    db: AsyncConnection, obligation_id: UUID, values: Mapping[str, Any], since: datetime
) -> None:
    """Change columns of an obligation from an instant on; the caller holds its unit's lock."""
    await db.execute(
        update(OBLIGATIONS)
        .where(_O.obligation_id == obligation_id)
        .values(dict(values) | {"since": since})
    )


async def touch_obligation(db: AsyncConnection, obligation_id: UUID, number: int) -> None:
    """Count a change of an obligation that leaves its state as it is."""
    await db.execute(
        update(OBLIGATIONS).where(_O.obligation_id == obligation_id).values(number=number)
    )


async def map_numbers(
    db: AsyncConnection, office_id: UUID, plan_id: UUID, unit_ids: Collection[UUID]
) -> dict[UUID, ObligationNumber]:
    """The obligations that units have of a plan, or had, by id."""
    query = select(*list_columns(ObligationNumber, _O)).where(
        _O.office_id == office_id, is_any_of(_O.unit_id, unit_ids), _O.plan_id == plan_id
    )
    return {row.obligation_id: row for row in await fetch_all(db, ObligationNumber, query)}


@dataclass(frozen=True, slots=True)
class OwedMeasure:
    """A measure that is owed, and the first of the units that owe it."""

    measure_id: UUID
    unit_id: UUID
    ref: str
    task_name: str
    text: str
    category: str | None
    target: dict[str, Any] | None


async def list_owed_measures(
    db: AsyncConnection, office_id: UUID, plan_id: UUID
) -> list[OwedMeasure]:
    """The measures of a plan that units owe, each with one of these units."""
    query = (
        select(_O.measure_id, func.min(cast(_O.unit_id, Text)).label("unit_id"))
        .where(_O.office_id == office_id, _O.plan_id == plan_id, _O.withdrawn_at.is_(None))
        .group_by(_O.measure_id)
        .subquery()
    )
    columns = {"unit_id": cast(query.c.unit_id, Uuid)}
    joined = select(*list_columns(OwedMeasure, columns, MEASURES.c)).join_from(
        MEASURES, query, MEASURES.c.measure_id == query.c.measure_id
    )
    return await fetch_all(db, OwedMeasure, joined.order_by(MEASURES.c.ordinal))


@dataclass(frozen=True, slots=True)
class MeasureDate:
    """A date of a measure, as its obligations of all units share it; `draft` is its number."""

    draft: int
    measure_id: UUID
    ordinal: int
    kind: ObligationKind
    period: str
    due_on: date | None
    times: int
    begins_on: date | None


@dataclass(frozen=True, slots=True)
class ObligationBatch:
    """New obligations of a plan, many units at once.

    Encoding the parameters is most of what a publication costs. So a value that all obligations
    share is sent once, a measure's date once, and the rest for each obligation.

    Attributes:
        dates: each date of each measure.
        obligation_ids, unit_ids, drafts, leads: one entry for each obligation.
    """

    office_id: UUID
    plan_id: UUID
    known_on: date
    since: datetime
    dates: Sequence[MeasureDate]
    obligation_ids: list[UUID] = field(default_factory=list)
    unit_ids: list[UUID] = field(default_factory=list)
    drafts: list[int] = field(default_factory=list)
    leads: list[bool] = field(default_factory=list)

    def add(self, obligation_id: UUID, unit_id: UUID, draft: int, *, lead: bool) -> None:
        """Add an obligation of a unit for the date with the number `draft`."""
        self.obligation_ids.append(obligation_id)
        self.unit_ids.append(unit_id)
        self.drafts.append(draft)
        self.leads.append(lead)


# SQL as text: Core has no insert from two joined `unnest`s with ordinality.
_ADD = text(
    """
    INSERT INTO ingest.obligations (obligation_id, office_id, unit_id, plan_id, measure_id,
        ordinal, kind, period, due_on, known_on, lead, times, status, number, since)
    SELECT o.obligation_id, :office_id, o.unit_id, :plan_id, d.measure_id,
        d.ordinal, d.kind, d.period, d.due_on,
        greatest(CAST(:known_on AS date), d.begins_on), o.lead, d.times, 'assigned', 1, :since
    FROM unnest(CAST(:obligation_ids AS uuid[]), CAST(:unit_ids AS uuid[]),
        CAST(:drafts AS integer[]), CAST(:leads AS boolean[]))
        WITH ORDINALITY AS o(obligation_id, unit_id, draft, lead, place)
    JOIN unnest(CAST(:draft AS integer[]), CAST(:measure_id AS uuid[]),
        CAST(:ordinal AS integer[]), CAST(:kind AS text[]), CAST(:period AS text[]),
        CAST(:due_on AS date[]), CAST(:times AS integer[]), CAST(:begins_on AS date[]))
        AS d(draft, measure_id, ordinal, kind, period, due_on, times, begins_on) USING (draft)
    ORDER BY o.place
    ON CONFLICT DO NOTHING
    """
)


async def add_obligations(db: AsyncConnection, batch: ObligationBatch) -> int:
    """Enter obligations; how many were new."""
    if not batch.obligation_ids:
        return 0
    shared = {
        date_field.name: [getattr(measure_date, date_field.name) for measure_date in batch.dates]
        for date_field in fields(MeasureDate)
    }
    own = {
        "office_id": batch.office_id,
        "plan_id": batch.plan_id,
        "known_on": batch.known_on,
        "since": batch.since,
        "obligation_ids": batch.obligation_ids,
        "unit_ids": batch.unit_ids,
        "drafts": batch.drafts,
        "leads": batch.leads,
    }
    return (await db.execute(_ADD, shared | own)).rowcount
