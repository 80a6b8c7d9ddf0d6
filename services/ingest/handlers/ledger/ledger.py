"""The ledger and the history, as they are read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act, Fault, RefusedError, require_unit
from services.ingest.handlers.office.rules import OfficeDay, office_day
from services.ingest.lifecycle import get_light
from services.ingest.store import history, units
from services.ingest.store import obligations as store
from services.ingest.tables import AnyRow
from shared.schemas.facts import Status
from shared.schemas.lights import Light


@dataclass(frozen=True, slots=True)
class Item:
    """One obligation, as the ledger shows it on a day. `number` counts its changes."""

    obligation_id: UUID
    unit_id: UUID
    unit: str
    plan_id: UUID
    ref: str
    task_name: str
    text: str
    kind: str
    period: str
    due_on: date | None
    status: Status
    light: Light
    lead: bool
    number: int
    place: store.Place


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which obligations a reader asks for; None leaves a condition out."""

    unit_id: UUID | None = None
    plan_id: UUID | None = None
    status: Status | None = None
    light: Light | None = None


@dataclass(frozen=True, slots=True)
class UnitSummary:
    """How many obligations a unit has; `near` and `overdue` are among those `open`."""

    unit_id: UUID
    unit: str
    total: int
    done: int
    open: int
    near: int
    overdue: int


def item(row: AnyRow, day: OfficeDay) -> Item:
    """A row of the ledger with its light."""
    status = Status(row.status)
    return Item(
        obligation_id=row.obligation_id,
        unit_id=row.unit_id,
        unit=row.unit,
        plan_id=row.plan_id,
        ref=row.ref,
        task_name=row.task_name,
        text=row.text,
        kind=row.kind,
        period=row.period,
        due_on=row.due_on,
        status=status,
        light=get_light(status, row.due_on, day.today, day.near_until),
        lead=row.lead,
        number=row.number,
        place=(row.unit_id, row.plan_id, row.ordinal, row.period),
    )


def _sought(act: Act, wanted: Wanted, day: OfficeDay) -> store.Sought:
    sought = store.Sought(
        today=day.today,
        near_until=day.near_until,
        unit_id=wanted.unit_id,
        plan_id=wanted.plan_id,
        status=wanted.status,
        light=wanted.light,
    )
    if act.unit_id is not None:
        if wanted.unit_id is not None:
            require_unit(act, wanted.unit_id)
        return replace(sought, unit_id=act.unit_id)
    return sought


async def ledger(
    db: AsyncConnection, act: Act, wanted: Wanted, after: store.Place | None, limit: int
) -> list[Item]:
    """What is owed, by unit, plan and measure."""
    day = await office_day(db, act.office_id, act.now)
    rows = await store.ledger(db, act.office_id, _sought(act, wanted, day), after, limit)
    return [item(row, day) for row in rows]


async def summary(
    db: AsyncConnection, act: Act, wanted: Wanted, after: UUID | None, limit: int
) -> list[UnitSummary]:
    """How each unit stands, by unit id; units that owe nothing are left out."""
    day = await office_day(db, act.office_id, act.now)
    rows = await store.summary(db, act.office_id, _sought(act, wanted, day), after, limit)
    return [
        UnitSummary(
            row.unit_id, row.unit, row.total, row.done, row.total - row.done, row.near, row.overdue
        )
        for row in rows
    ]


async def told(
    db: AsyncConnection,
    act: Act,
    unit_id: UUID,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """What a unit was told, the newest slot first.

    Raises:
        RefusedError: no such unit.
    """
    require_unit(act, unit_id)
    if await units.unit(db, act.office_id, unit_id) is None:
        raise RefusedError(Fault.NOT_FOUND, "There is no such unit.")
    return await history.told(db, act.office_id, unit_id, before, limit)
